"""The rows of the second half in the admin; what a study froze, and what raters said, is only read."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from ratings.invites import state_of
from ratings.models import (
    Invite,
    Problem,
    Rater,
    Rating,
    Session,
    StepResult,
    Stimulus,
    Study,
    Trial,
)
from ratings.services import slots, studies
from srstudy.admin import ReadOnlyAdmin
from srstudy.errors import Refused
from srstudy.words import counted


@admin.register(Study)
class StudyAdmin(admin.ModelAdmin):
    list_display = ["slug", "title", "methodology", "status", "opened_at", "results"]
    list_filter = ["status", "methodology"]
    search_fields = ["slug", "title"]
    actions = ["open_selected", "close_selected"]
    never_edited = (
        "slug", "methodology", "status", "seed", "options", "consent_version", "frozen", "created_at",
        "opened_at", "closed_at",
    )  # fmt: skip
    fields = ["title", "instructions", "consent_text", *never_edited]

    @admin.action(description="Open the selected studies (this freezes them)")
    def open_selected(self, request: HttpRequest, queryset: QuerySet[Study]) -> None:
        """Open studies one by one, saying of each what happened."""
        self._each(request, queryset, studies.open_study)

    @admin.action(description="Close the selected studies")
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Study]) -> None:
        """Close studies one by one, saying of each what happened."""
        self._each(request, queryset, studies.close_study)

    def _each(self, request: HttpRequest, queryset: QuerySet[Study], change: Callable[[Study], None]) -> None:
        for study in queryset:
            try:
                change(study)
            except Refused as refused:
                self.message_user(request, str(refused), level=messages.ERROR)
            else:
                self.message_user(request, f"{study.slug} is {study.get_status_display()}.")

    @admin.display(description="results")
    def results(self, study: Study) -> str:
        """A link to the page of results."""
        return format_html('<a href="{}">results</a>', reverse("ratings:results", args=[study.slug]))

    def get_readonly_fields(self, request: HttpRequest, obj: Study | None = None) -> tuple[str, ...]:
        frozen = ("instructions", "consent_text") if obj is not None and obj.is_frozen else ()
        return (*self.never_edited, *frozen)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return False


@admin.register(Invite)
class InviteAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "study", "state", "raters_in", "expires_at", "created_at"]
    list_filter = ["study"]
    list_select_related = ["study"]
    search_fields = ["label", "study__slug"]
    exclude = ["nonce", "token_hash"]
    actions = ["revoke_selected"]

    @admin.action(
        description="Revoke the selected invites (nobody new gets in by them)", permissions=["revoke"]
    )
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Invite]) -> None:
        """Revoke links one by one; raters who came by them go on."""
        revoked = sum(studies.revoke_invite(invite) for invite in queryset)
        self.message_user(request, f"Revoked: {revoked} of {counted(len(queryset), 'invite')}.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether this user may, though nobody edits an invite by hand."""
        return request.user.has_perm("ratings.change_invite")

    @admin.display(description="state")
    def state(self, invite: Invite) -> str:
        """Whether the link still lets anybody in."""
        return state_of(invite, slots.holders(invite.study, invite).count())

    @admin.display(description="raters")
    def raters_in(self, invite: Invite) -> str:
        """How many have a place by the link, of how many."""
        held = slots.holders(invite.study, invite).count()
        return f"{held}/{invite.max_raters}" if invite.max_raters else str(held)


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    list_display = ["text", "study", "noticed_at"]
    list_filter = ["study"]
    list_select_related = ["study"]
    search_fields = ["text", "study__slug"]


@admin.register(StepResult)
class StepResultAdmin(ReadOnlyAdmin):
    list_display = ["rater", "step", "done_at"]
    list_filter = ["rater__study", "step"]
    list_select_related = ["rater"]
    search_fields = ["rater__pseudonym", "step"]


@admin.register(Stimulus)
class StimulusAdmin(ReadOnlyAdmin):
    list_display = ["image", "method", "study", "width", "height", "psnr", "ssim"]
    list_filter = ["study", "method"]
    list_select_related = ["study"]
    search_fields = ["image", "method", "study__slug", "reference_sha256", "test_sha256"]


@admin.register(Rater)
class RaterAdmin(ReadOnlyAdmin):
    list_display = [
        "pseudonym", "study", "source", "playlist", "created_at", "dropped_at", "withdrawn_at",
    ]  # fmt: skip
    ordering = ["study", "pseudonym"]  # in the order of joining a withdrawn rater would stand where they were
    list_filter = ["study", "source", "dropped_at", "withdrawn_at"]
    list_select_related = ["study"]
    search_fields = ["pseudonym", "study__slug", "completion_code"]
    exclude = ["token_hash", "number", "slot"]
    readonly_fields = ["playlist"]

    @admin.display(description="slot")
    def playlist(self, rater: Rater) -> int | None:
        """Which playlist, unless the rater has withdrawn: slots count those who joined."""
        return rater.slot if rater.withdrawn_at is None else None


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["rater", "number", "started_at", "finished_at"]
    list_filter = ["rater__study", "rater__source"]
    list_select_related = ["rater"]
    search_fields = ["rater__pseudonym"]


@admin.register(Trial)
class TrialAdmin(ReadOnlyAdmin):
    list_display = ["session", "position", "stimulus", "kind", "reference_side", "shown_at"]
    list_filter = ["session__rater__study", "kind", "reference_side"]
    list_select_related = ["session__rater", "stimulus"]
    search_fields = ["session__rater__pseudonym", "stimulus__image", "stimulus__method"]
    exclude = ["token", "left_token", "right_token"]


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    list_display = [
        "rater", "image", "method", "reference_score", "test_score", "difference", "score", "choice",
        "duration_ms", "rated_at",
    ]  # fmt: skip
    list_filter = [
        "trial__session__rater__study",
        "trial__session__rater__source",
        "trial__stimulus__method",
    ]
    list_select_related = ["trial__session__rater", "trial__stimulus"]
    search_fields = [
        "trial__session__rater__pseudonym", "trial__stimulus__image", "trial__stimulus__method",
    ]  # fmt: skip

    @admin.display(ordering="trial__session__rater__pseudonym")
    def rater(self, rating: Rating) -> str:
        """Who rated; a simulated rater and a try-out say so."""
        rater = rating.trial.session.rater
        is_counted_person = not (rater.is_simulated or rater.is_tryout)
        return str(rater) if is_counted_person else f"{rater} ({rater.get_source_display()})"

    @admin.display(ordering="trial__stimulus__image")
    def image(self, rating: Rating) -> str:
        """The stimulus's image."""
        return rating.trial.stimulus.image

    @admin.display(ordering="trial__stimulus__method")
    def method(self, rating: Rating) -> str:
        """The stimulus's method."""
        return rating.trial.stimulus.method
