"""Makes, opens and closes a study; opening freezes what raters are shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from distillation.models import Output
from distillation.queries import PROTOCOL, rescoring_commands
from ratings import texts
from ratings.crops import Crop
from ratings.invites import new_nonce, token_hash, token_of
from ratings.methodologies import METHODOLOGIES
from ratings.models import Invite, Stimulus, Study
from ratings.playlist import PLAYLIST_VERSION
from ratings.services.playlists import entries_of, refuse_impossible_design, split_companions
from ratings.services.stimuli import make_stimuli, refuse_changed_file
from ratings.study_options import StudyOptions
from srstudy.errors import Refused
from srstudy.version import code_version

LONGEST_TITLE = 200
LARGEST_SEED = 2**63 - 1


@transaction.atomic
def create_study(
    *,
    slug: str,
    title: str,
    outputs: Sequence[Output],
    seed: int,
    methodology: str = "dscqs",
    options: dict[str, Any] | None = None,
    crops: Mapping[str, Crop] | None = None,
    consent_text: str | None = None,
    instructions: str | None = None,
) -> Study:
    """Store a draft study whose stimuli are these outputs, with its first invite.

    `options` are those of StudyOptions; `crops` say what is shown of images, by their labels. Without texts
    raters read ours, in their language.
    Raises: Refused if the slug is taken, the title is empty, a text or number is too long, there is nothing
    to judge, an option is wrong or asks for more stimuli than there are, scores are of another protocol than
    today's, or no playlist can be made of it.
    """
    if not title.strip():
        raise Refused("The title is empty, and raters read it above the consent.")
    if len(title) > LONGEST_TITLE:
        raise Refused(f"The title has {len(title)} characters, and {LONGEST_TITLE} fit.")
    if not 0 <= seed <= LARGEST_SEED:
        raise Refused(f"The seed is {seed}, which is not between 0 and {LARGEST_SEED}.")
    refuse_taken_slug(slug)
    if not outputs:
        raise Refused("A study needs at least one output to judge.")
    _refuse_outdated_scores(outputs)
    setup = _checked_options(methodology, options or {})
    study = Study.objects.create(
        slug=slug,
        title=title,
        seed=seed,
        methodology=methodology,
        options=options or {},
        consent_text=consent_text or texts.CONSENT,
        instructions=instructions or METHODOLOGIES[methodology].instructions_for(setup),
    )
    make_invite(study)
    make_stimuli(study, outputs, crops or {})
    _refuse_too_few_stimuli(study)
    refuse_impossible_design(study)
    return study


def _checked_options(methodology: str, options: Mapping[str, Any]) -> StudyOptions:
    if methodology not in METHODOLOGIES:
        raise Refused(f"There is no methodology {methodology!r}; there are {', '.join(METHODOLOGIES)}.")
    try:
        setup = StudyOptions.read(options)
    except ValueError as error:
        raise Refused(str(error)) from error
    METHODOLOGIES[methodology].refuse_options(setup)
    return setup


def _refuse_too_few_stimuli(study: Study) -> None:
    """Raises: Refused if each rater is to see more than there is."""
    wanted = study.setup.stimuli_per_rater
    there, _ = split_companions(entries_of(study))
    if wanted is not None and wanted > len(there):
        what = "pairs of methods" if study.asks.scale is None else "stimuli"
        raise Refused(
            f"stimuli_per_rater is {wanted:,}, which is more than the study has ({what}: {len(there):,})."
        )


def make_invite(
    study: Study, *, label: str = "", max_raters: int | None = None, expires_at: datetime | None = None
) -> Invite:
    """Store a further link into the study.

    Raises: Refused for a number of raters below 1, or an end that has passed.
    """
    if max_raters is not None and max_raters < 1:
        raise Refused(f"An invite for {max_raters} raters lets nobody in.")
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused(f"The invite would expire at {expires_at:%Y-%m-%d %H:%M %Z}, which has passed.")
    nonce = new_nonce()
    return Invite.objects.create(
        study=study,
        label=label,
        nonce=nonce,
        token_hash=token_hash(token_of(nonce)),
        max_raters=max_raters,
        expires_at=expires_at,
    )


def revoke_invite(invite: Invite) -> bool:
    """Let nobody in by this link any more; who came by it goes on. Answers whether this call did."""
    waiting = Invite.objects.filter(pk=invite.pk, revoked_at__isnull=True)
    return bool(waiting.update(revoked_at=timezone.now()))


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
        raise Refused(f"Study {study.slug} is closed, and no closed study is opened again.")
    stimuli = list(study.stimuli.select_related("output__run", "output__image").order_by("pk"))
    _refuse_outdated_scores([stimulus.output for stimulus in stimuli])
    for stimulus in stimuli:
        stimulus.psnr, stimulus.ssim = stimulus.output.psnr_y, stimulus.output.ssim_y
        refuse_changed_file(stimulus.reference_file, stimulus.reference_sha256)
        refuse_changed_file(stimulus.test_file, stimulus.test_sha256)
        if stimulus.degraded_file:
            refuse_changed_file(stimulus.degraded_file, stimulus.degraded_sha256)
    Stimulus.objects.bulk_update(stimuli, ["psnr", "ssim"])  # a draft's may be from before an update
    # One conditional UPDATE, so that of two who open at once the first decides.
    Study.objects.filter(pk=study.pk, status=Study.Status.DRAFT).update(
        status=Study.Status.OPEN, opened_at=timezone.now(), frozen=_what_is_frozen(study, stimuli)
    )
    study.refresh_from_db()


def _what_is_frozen(study: Study, stimuli: Sequence[Stimulus]) -> dict[str, Any]:
    runs = {stimulus.output.run for stimulus in stimuli if stimulus.output.run is not None}
    return {
        "slug": study.slug,
        "methodology": study.methodology,
        "seed": study.seed,
        "options": study.options,
        "playlist_version": PLAYLIST_VERSION,
        "consent_version": study.consent_version,
        "code_version": code_version(),
        "stimuli": [
            {
                "image": stimulus.image,
                "method": stimulus.method,
                "run": stimulus.output.run_id,
                "reference_sha256": stimulus.reference_sha256,
                "test_sha256": stimulus.test_sha256,
                "degraded_sha256": stimulus.degraded_sha256 or None,
                "crop": _crop_of(stimulus),
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


def _crop_of(stimulus: Stimulus) -> list[int] | None:
    """Corner and size in pixels, None for a whole image."""
    if stimulus.crop_x is None or stimulus.crop_y is None:
        return None
    return [stimulus.crop_x, stimulus.crop_y, stimulus.width, stimulus.height]


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
