"""`manage.py create_study`: a study from a data set's outputs or from images made elsewhere."""

import re
import tomllib
from argparse import ArgumentParser
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.validators import validate_slug
from django.db import transaction

from distillation import queries
from distillation.models import Image, Method, Output
from ratings import invites
from ratings.crops import Crop
from ratings.management.commands.open_study import WHOLE_ADDRESS, not_open_yet
from ratings.methodologies import METHODOLOGIES
from ratings.models import Study
from ratings.services import studies
from ratings.services.stimuli import propose_crops
from ratings.study_options import StudyOptions, option_help
from ratings.texts import TITLE
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.words import counted


class Command(SentenceCommand):
    """Makes a draft, or with --open a frozen and open study, and prints its invite link."""

    help = "Make a study and print its invite link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="short name: letters, digits, hyphens")
        parser.add_argument("--title", help=f"what raters read above the consent; default: {TITLE}")
        parser.add_argument("--methodology", default="dscqs", choices=list(METHODOLOGIES))
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--dataset", default="photos", metavar="D", help="whose outputs are judged")
        source.add_argument(
            "--stimuli",
            type=Path,
            metavar="DIR",
            help="images made elsewhere: reference/ and one folder a method",
        )
        parser.add_argument("--images", type=int, metavar="N", help="the first N by name; default: all")
        parser.add_argument("--methods", nargs="+", metavar="METHOD", help="default: all there are")
        parser.add_argument(
            "--profile",
            choices=[*queries.PROFILES, queries.SHIPPED],
            help="take runs of this profile only; default: the highest",
        )
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the order of trials")
        parser.add_argument(
            "--relax-order",
            action="store_true",
            help="allow what cannot be avoided with one image or one method: the same twice in a row",
        )
        parser.add_argument(
            "--consent", type=Path, metavar="FILE.txt", help="what raters agree to; default: our text"
        )
        parser.add_argument(
            "--instructions", type=Path, metavar="FILE.txt", help="what raters are asked; default: our text"
        )
        parser.add_argument(
            "--crop",
            metavar="WIDTHxHEIGHT",
            help="show of larger images their most detailed region of so many pixels",
        )
        parser.add_argument(
            "--crop-at",
            action="append",
            default=[],
            metavar="IMAGE=X,Y,W,H",
            help="show this region of an image; IMAGE is DATASET/NAME or NAME; may be given often",
        )
        parser.add_argument(
            "--config",
            type=Path,
            metavar="FILE.toml",
            help="options of the study, as docs/raters.md lists them",
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"one option of the study, over those of --config; may be given often. {option_help()}",
        )
        parser.add_argument("--open", action="store_true", help="freeze it and let raters in")

    def handle(self, **options: Any) -> None:
        slug = options["slug"]
        _refuse_bad_slug(slug)
        chosen = _study_options(options)
        outputs = self._outputs(options)
        images = list({output.image_id: output.image for output in outputs}.values())
        with transaction.atomic():  # a study that cannot be opened is not left behind as a draft
            study = studies.create_study(
                slug=slug,
                title=TITLE if options["title"] is None else options["title"],
                outputs=outputs,
                seed=options["seed"],
                methodology=options["methodology"],
                options=chosen,
                crops=_crops(images, options["crop"], options["crop_at"]),
                consent_text=_text_of("--consent", options["consent"]),
                instructions=_text_of("--instructions", options["instructions"]),
            )
            if options["open"]:
                studies.open_study(study)
        for run in dict.fromkeys(output.run for output in outputs if output.run is not None):
            self.stderr.write(f"{run.method} is {run}, weights {run.weights_sha256[:12]}")
        self._tell_crops(study)
        self.stderr.write(
            f"Study {slug}, {study.status}, {study.asks.label}: {counted(len(images), 'image')} by "
            f"{counted(len(outputs) // len(images), 'method')}. {WHOLE_ADDRESS}"
        )
        if study.status == Study.Status.DRAFT:
            self.stderr.write(not_open_yet(study))
        self.stdout.write(invites.invite_path(study))

    def _tell_crops(self, study: Study) -> None:
        told = study.stimuli.filter(crop_x__isnull=False).order_by("image")
        for image, x, y, width, height in dict.fromkeys(
            told.values_list("image", "crop_x", "crop_y", "width", "height")
        ):
            self.stderr.write(f"{image} is shown at {x},{y}, {width}×{height} pixels")

    def _outputs(self, options: dict[str, Any]) -> list[Output]:
        if options["stimuli"] is not None:
            return self._outputs_from_elsewhere(options["stimuli"], options)
        dataset = Path(options["dataset"]).name
        images = queries.images_of(dataset)
        if not images:
            known = ", ".join(queries.datasets()) or "none yet"
            raise Refused(
                f"No method has made images of the data set {dataset!r} (known: {known}): run "
                f"`python manage.py evaluate --dataset {dataset} --method bicubic …` first."
            )
        # Of our own methods that have made nothing, what is looked up below says what to run.
        made = queries.methods_found(dataset)
        _refuse_wrong_methods(options["methods"] or (), made, besides=Method.values)
        methods = options["methods"] or queries.methods_of(dataset)
        return queries.outputs_for(_first(images, options["images"]), methods, profile=options["profile"])

    def _outputs_from_elsewhere(self, folder: Path, options: dict[str, Any]) -> list[Output]:
        # Through the command line's own door: this half reads the other through its queries alone.
        call_command("import_outputs", folder, stdout=self.stderr)
        names = {path.stem for path in (folder / "reference").iterdir()}
        images = [image for image in queries.images_of(folder.resolve().name) if image.name in names]
        found = sorted(path.name for path in folder.iterdir() if path.is_dir())
        there = [name for name in found if name != "reference" and not name.startswith(".")]
        _refuse_wrong_methods(options["methods"] or (), there)
        return queries.outputs_from_elsewhere(_first(images, options["images"]), options["methods"] or there)


def _study_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options of the study, checked, as they are stored. Raises: Refused naming what is wrong."""
    given: dict[str, Any] = {}
    if options["config"] is not None:
        given = _read_toml(options["config"])
    assigned = {"relax_order": "true"} if options["relax_order"] else {}
    for assignment in options["set"]:
        name, equals, value = (part.strip() for part in assignment.partition("="))
        if not equals:
            raise Refused(f"--set is {assignment!r}, which is not NAME=VALUE.")
        if name in assigned:
            by = " (once by --relax-order)" if options["relax_order"] and name == "relax_order" else ""
            raise Refused(f"--set gives the option {name!r} twice{by}.")
        assigned[name] = value
    try:
        return StudyOptions.read(given | StudyOptions.parse(assigned)).changed()
    except ValueError as error:
        raise Refused(str(error)) from error


def _text_of(option: str, path: Path | None) -> str | None:
    """The text of a file in UTF-8. Raises: Refused if it cannot be read, or holds none."""
    if path is None:
        return None
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").strip()
    except OSError as error:
        raise Refused(f"{option} {str(path)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{option} {str(path)!r} is not text in UTF-8: {error}.") from error
    if not text or "\0" in text:
        raise Refused(f"{option} {str(path)!r} holds no text.")
    return text


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Refused(f"--config {str(path)!r} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"--config {str(path)!r} is not TOML in UTF-8: {error}.") from error


def _crops(images: Sequence[Image], size: str | None, at: Sequence[str]) -> dict[str, Crop]:
    """What is shown of each image that is not shown whole. Raises: Refused naming what is wrong."""
    crops = {}
    if size is not None:
        match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size)
        if match is None:
            raise Refused(f"--crop is {size!r}, which is not WIDTHxHEIGHT in pixels such as 480x480.")
        crops = propose_crops(images, width_px=int(match[1]), height_px=int(match[2]))
    labels = {name: image.label for image in images for name in (image.label, image.name)}
    for assignment in at:
        name, _, place = assignment.partition("=")
        if name not in labels:
            raise Refused(f"--crop-at names {name!r}, which is none of the study's images.")
        try:
            crops[labels[name]] = Crop.read(place)
        except ValueError as error:
            raise Refused(str(error)) from error
    return crops


def _first(images: list[Image], wanted: int | None) -> list[Image]:
    if wanted is None:
        return images
    if not 1 <= wanted <= len(images):
        raise Refused(f"--images is {wanted}, and the data set {images[0].dataset} has {len(images)} images.")
    return images[:wanted]


def _refuse_wrong_methods(wanted: Sequence[str], there: Sequence[str], besides: Sequence[str] = ()) -> None:
    """Raises: Refused for a method named twice, or one that is neither there nor among `besides`."""
    for name in wanted:
        if wanted.count(name) > 1:
            raise Refused(f"--methods names {name!r} more than once.")
        if name not in there and name not in besides:
            spelt = {one.lower(): one for one in (*besides, *there)}
            nearest = [spelt[one] for one in get_close_matches(name.lower(), spelt, n=1)]
            meant = f"; is {nearest[0]!r} meant?" if nearest else ""
            raise Refused(f"--methods names {name!r}, and the images here are by {', '.join(there)}{meant}")


def _refuse_bad_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError:
        raise Refused(f"The slug {slug!r} may have letters, digits, hyphens and underscores only.") from None
    if slug.startswith("-"):
        raise Refused(f"The slug {slug!r} begins with a hyphen, as options do; let it begin with a letter.")
    if len(slug) > 50:
        raise Refused(f"The slug {slug!r} is longer than 50 characters.")
    studies.refuse_taken_slug(slug)  # here too, before images from elsewhere are read
