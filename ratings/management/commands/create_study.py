"""`manage.py create_study`: a study from a data set's outputs or from images made elsewhere."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.validators import validate_slug
from django.db import transaction

from distillation import queries
from distillation.models import Image, Output
from ratings import invites
from ratings.models import Study
from ratings.services import studies
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused


class Command(SentenceCommand):
    """Makes a draft, or with --open a frozen and open study, and prints its invite link."""

    help = "Make a study and print its invite link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="short name: letters, digits, hyphens")
        parser.add_argument(
            "--title", help="what raters read above the consent; default: Picture quality study"
        )
        parser.add_argument("--methodology", default="dscqs", choices=Study.Methodology.values)
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
        parser.add_argument("--open", action="store_true", help="freeze it and let raters in")

    def handle(self, **options: Any) -> None:
        slug = options["slug"]
        _refuse_bad_slug(slug)
        outputs = self._outputs(options)
        with transaction.atomic():  # a study that cannot be opened is not left behind as a draft
            study = studies.create_study(
                slug=slug,
                title=options["title"] or "Picture quality study",
                outputs=outputs,
                seed=options["seed"],
                options={"relax_order": True} if options["relax_order"] else {},
            )
            if options["open"]:
                studies.open_study(study)
        for run in dict.fromkeys(output.run for output in outputs if output.run is not None):
            self.stderr.write(f"{run.method} is {run}, weights {run.weights_sha256[:12]}")
        images = len({output.image_id for output in outputs})
        self.stderr.write(
            f"Study {slug}, {study.status}: {images} images by {len(outputs) // images} methods."
        )
        self.stdout.write(invites.invite_path(study))

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
        methods = list(dict.fromkeys(options["methods"] or queries.methods_of(dataset)))
        return queries.outputs_for(_first(images, options["images"]), methods, profile=options["profile"])

    def _outputs_from_elsewhere(self, folder: Path, options: dict[str, Any]) -> list[Output]:
        # Through the command line's own door: this half reads the other through its queries alone.
        call_command("import_outputs", folder, stdout=self.stderr)
        names = {path.stem for path in (folder / "reference").iterdir()}
        images = [image for image in queries.images_of(folder.resolve().name) if image.name in names]
        found = sorted(path.name for path in folder.iterdir() if path.is_dir())
        there = [name for name in found if name != "reference" and not name.startswith(".")]
        methods = list(dict.fromkeys(options["methods"] or there))
        return queries.outputs_from_elsewhere(_first(images, options["images"]), methods)


def _first(images: list[Image], wanted: int | None) -> list[Image]:
    if wanted is None:
        return images
    if not 1 <= wanted <= len(images):
        raise Refused(f"--images is {wanted}, and the data set {images[0].dataset} has {len(images)} images.")
    return images[:wanted]


def _refuse_bad_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError:
        raise Refused(f"The slug {slug!r} may have letters, digits, hyphens and underscores only.") from None
    if len(slug) > 50:
        raise Refused(f"The slug {slug!r} is longer than 50 characters.")
    studies.refuse_taken_slug(slug)  # here too, before images from elsewhere are read
