"""Makes, opens and closes a study; opening freezes what raters are shown."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from distillation.models import Output
from distillation.queries import PROTOCOL, rescoring_commands
from ratings import playlist, texts
from ratings.invites import new_nonce, token_hash, token_of
from ratings.models import Stimulus, Study
from srstudy.errors import Refused
from srstudy.version import code_version

LONGEST_TITLE = 200
LARGEST_SEED = 2**63 - 1


@transaction.atomic
def create_study(
    *, slug: str, title: str, outputs: Sequence[Output], seed: int, options: dict[str, Any] | None = None
) -> Study:
    """Store a draft study whose stimuli are these outputs.

    Raises: Refused if the slug is taken, a text or number is too long, there is nothing to judge, scores
    are of another protocol than today's, or no playlist can be made of it.
    """
    if len(title) > LONGEST_TITLE:
        raise Refused(f"The title has {len(title)} characters, and {LONGEST_TITLE} fit.")
    if not 0 <= seed <= LARGEST_SEED:
        raise Refused(f"The seed is {seed}, which is not between 0 and {LARGEST_SEED}.")
    refuse_taken_slug(slug)
    if not outputs:
        raise Refused("A study needs at least one output to judge.")
    _refuse_outdated_scores(outputs)
    nonce = new_nonce()
    study = Study.objects.create(
        slug=slug,
        title=title,
        seed=seed,
        options=options or {},
        consent_text=texts.CONSENT,
        instructions=texts.INSTRUCTIONS,
        invite_nonce=nonce,
        invite_hash=token_hash(token_of(nonce)),
    )
    Stimulus.objects.bulk_create(_stimulus(study, output) for output in outputs)
    _try_playlist(study)
    return study


def refuse_taken_slug(slug: str) -> None:
    """Raises: Refused if there is a study of that name."""
    if Study.objects.filter(slug=slug).exists():
        raise Refused(f"There is a study {slug!r} already; give this one another slug.")


def _refuse_outdated_scores(outputs: Sequence[Output]) -> None:
    commands = rescoring_commands(outputs)
    if commands:
        raise Refused(
            f"Scores of these outputs are not of today's protocol, {PROTOCOL}, and a study keeps them: run "
            f"{' and '.join(f'`{command}`' for command in commands)} first."
        )


def _stimulus(study: Study, output: Output) -> Stimulus:
    reference = output.image
    if (reference.width, reference.height) != (output.width, output.height):
        raise Refused(
            f"{output} has {output.width} × {output.height} pixels and its reference "
            f"{reference.width} × {reference.height}: a pair must be equal in size."
        )
    return Stimulus(
        study=study,
        image=reference.label,
        method=output.method,
        output=output,
        reference_file=reference.file,
        reference_sha256=reference.sha256,
        test_file=output.file,
        test_sha256=output.sha256,
        width=output.width,
        height=output.height,
        psnr=output.psnr_y,
        ssim=output.ssim_y,
    )


def stimulus_keys(study: Study) -> list[playlist.StimulusKey]:
    """The study's stimuli as the playlist takes them, always in the same order."""
    rows = study.stimuli.order_by("pk").values_list("pk", "image", "method")
    return [playlist.StimulusKey(id=pk, image=image, method=method) for pk, image, method in rows]


def _try_playlist(study: Study) -> None:
    try:
        relax = bool(study.options.get("relax_order", False))
        playlist.make_playlist(stimulus_keys(study), seed=study.seed, rater_index=0, relax=relax)
    except ValueError as error:
        raise Refused(str(error)) from error


def playlist_for(study: Study, rater_index: int) -> Sequence[playlist.PlaylistItem]:
    """The order of trials of one rater, the same whenever it is asked for.

    Whether the rules of order can hold was settled when the study was made; should the search for an
    order fail for one rater all the same, that rater gets the best order there is, not an error.
    """
    return playlist.make_playlist(stimulus_keys(study), seed=study.seed, rater_index=rater_index, relax=True)


@transaction.atomic
def open_study(study: Study) -> None:
    """Freeze the study, with the scores that its outputs have now, and let raters in.

    An open study stays as it is.
    Raises: Refused if a file is missing or is not what was recorded, scores are of another protocol than
    today's, or the study is closed.
    """
    study.refresh_from_db(from_queryset=Study.objects.select_for_update())
    if study.status == Study.Status.OPEN:
        return
    if study.status == Study.Status.CLOSED:
        raise Refused(f"Study {study.slug} is closed.")
    stimuli = list(study.stimuli.select_related("output__run", "output__image").order_by("pk"))
    _refuse_outdated_scores([stimulus.output for stimulus in stimuli])
    for stimulus in stimuli:
        stimulus.psnr, stimulus.ssim = stimulus.output.psnr_y, stimulus.output.ssim_y
        _refuse_changed_file(stimulus.reference_file, stimulus.reference_sha256)
        _refuse_changed_file(stimulus.test_file, stimulus.test_sha256)
    Stimulus.objects.bulk_update(stimuli, ["psnr", "ssim"])  # a draft's may be from before an update
    # One conditional UPDATE, so that of two who open at once the first decides.
    Study.objects.filter(pk=study.pk, status=Study.Status.DRAFT).update(
        status=Study.Status.OPEN, opened_at=timezone.now(), frozen=_what_is_frozen(study, stimuli)
    )
    study.refresh_from_db()


def _refuse_changed_file(file: str, sha256: str) -> None:
    path = Path(settings.MEDIA_ROOT) / file
    if not path.is_file():
        raise Refused(f"{path} is missing; make it again with `python manage.py evaluate`.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise Refused(
            f"{path} is not the file that was scored; remove it and run `python manage.py evaluate`."
        )


def _what_is_frozen(study: Study, stimuli: Sequence[Stimulus]) -> dict[str, Any]:
    runs = {stimulus.output.run for stimulus in stimuli if stimulus.output.run is not None}
    return {
        "slug": study.slug,
        "methodology": study.methodology,
        "seed": study.seed,
        "options": study.options,
        "consent_version": study.consent_version,
        "code_version": code_version(),
        "stimuli": [
            {
                "image": stimulus.image,
                "method": stimulus.method,
                "run": stimulus.output.run_id,
                "reference_sha256": stimulus.reference_sha256,
                "test_sha256": stimulus.test_sha256,
                "psnr": stimulus.psnr if stimulus.psnr != float("inf") else "inf",
                "ssim": stimulus.ssim,
            }
            for stimulus in stimuli
        ],
        "runs": [
            {
                "id": run.pk,
                "method": run.method,
                "profile": run.profile,
                "seed": run.seed,
                "options": run.options,
                "data": run.data_name,
                "data_digest": run.data_digest,
                "weights_sha256": run.weights_sha256,
                "steps": run.steps,
                "code_version": run.code_version,
            }
            for run in sorted(runs, key=lambda run: run.pk)
        ],
    }


def close_study(study: Study) -> None:
    """Let no rater in any more; what was rated stays.

    Raises: Refused if the study was never opened.
    """
    changed = Study.objects.filter(pk=study.pk, status=Study.Status.OPEN).update(
        status=Study.Status.CLOSED, closed_at=timezone.now()
    )
    if not changed:
        raise Refused(f"Study {study.slug} is {study.get_status_display()}: only an open one can be closed.")
    study.refresh_from_db()
