"""Places in a study: which playlist a rater gets, and what becomes of it when they drop out."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from ratings.models import FreedSlot, Invite, Rater, Rating, Study
from srstudy.errors import Refused
from srstudy.words import counted


class NoPlaceLeft(Refused):
    """The study has all the raters that it may have."""


class InviteUsedUp(NoPlaceLeft):
    """The invite has brought all the raters that it may bring; another one may still lead in."""


def holders(study: Study, invite: Invite | None = None) -> QuerySet[Rater]:
    """The people who have a place in the study, or those of them who came by this invite."""
    people = study.raters.filter(source=Rater.Source.BROWSER, dropped_at__isnull=True)
    return people if invite is None else people.filter(invite=invite)


def refuse_if_full(study: Study, source: Rater.Source, invite: Invite | None) -> None:
    """Raises: NoPlaceLeft if the study takes no further person, InviteUsedUp if the invite brings none.

    Try-outs need no place. Within the transaction that stores the rater: the study's invites are locked
    until it ends, so that of two who ask for the last place one is told that it is gone.
    """
    if source != Rater.Source.BROWSER:
        return
    list(study.invites.select_for_update().order_by("pk"))
    _refuse_without_place(study, invite, due_before=None)


def refuse_at_the_door(study: Study, invite: Invite) -> None:
    """The same for somebody who has only opened the link: nothing is locked and nobody is dropped.

    Places of those who would be dropped if somebody joined now are free.
    Raises: NoPlaceLeft or InviteUsedUp.
    """
    _refuse_without_place(study, invite, due_before=_limit(study, None))


def _refuse_without_place(study: Study, invite: Invite | None, *, due_before: datetime | None) -> None:
    def is_full(by: Invite | None, most: int) -> bool:
        if (held := holders(study, by).count()) < most:
            return False  # without counting who is due
        due = 0 if due_before is None else _inactive(study, due_before, by).count()
        return held - due >= most

    most = study.setup.max_raters
    if most is not None and is_full(None, most):
        raise NoPlaceLeft(f"Study {study.slug} has its {counted(most, 'rater')}.")
    allowed = invite.max_raters if invite is not None else None
    if allowed is not None and is_full(invite, allowed):
        raise InviteUsedUp(f"The invite {invite} has brought its {counted(allowed, 'rater')}.")


def take_slot(study: Study, source: Rater.Source) -> int:
    """The lowest playlist that somebody gave up, or else the next one."""
    for freed in study.freed_slots.filter(source=source).order_by("slot"):
        deleted, _ = FreedSlot.objects.filter(pk=freed.pk).delete()
        if deleted:  # else somebody else was quicker
            return freed.slot
    taken = study.raters.filter(source=source, slot__isnull=False).order_by("-slot")
    last = taken.values_list("slot", flat=True).first()
    return 0 if last is None else last + 1


@transaction.atomic
def drop_rater(rater: Rater, among: QuerySet[Rater] | None = None) -> bool:
    """Give a rater's place up, if they are still one of these; answers whether this call did.

    What they rated stays. Their playlist goes to the next who joins.
    """
    people = Rater.objects.all() if among is None else among.order_by()
    changed = people.filter(pk=rater.pk, dropped_at__isnull=True).update(dropped_at=timezone.now())
    if changed and rater.slot is not None:
        FreedSlot.objects.get_or_create(study_id=rater.study_id, source=rater.source, slot=rater.slot)
    return bool(changed)


def unfinished() -> QuerySet[Rater]:
    """Raters who are not done, so that somebody else may take their place."""
    return Rater.objects.filter(finished_at__isnull=True)


def release_inactive(study: Study, hours: float | None = None) -> list[Rater]:
    """Drop people who have not rated for so many hours, unless they are done; answers who.

    Without `hours` as long as the study's option says; nobody where it says nothing.
    """
    limit = _limit(study, hours)
    if limit is None:
        return []
    late = _inactive(study, limit)  # asked again of each: they may have rated a moment ago
    return [rater for rater in late if drop_rater(rater, among=late)]


def _limit(study: Study, hours: float | None) -> datetime | None:
    """The moment since which a person must have rated to keep their place, if there is one."""
    wait = study.setup.drop_after_hours if hours is None else hours
    return None if wait is None else timezone.now() - timedelta(hours=wait)


def _inactive(study: Study, limit: datetime, invite: Invite | None = None) -> QuerySet[Rater]:
    """People who have a place, are not done, and have neither joined nor rated since then.

    Every join asks this: one query, by an index of those who are neither done nor dropped.
    """
    rated_since = Rating.objects.filter(trial__session__rater=OuterRef("pk"), rated_at__gte=limit)
    late = holders(study, invite).filter(created_at__lt=limit, finished_at__isnull=True)
    return late.filter(~Exists(rated_since)).order_by("pk")
