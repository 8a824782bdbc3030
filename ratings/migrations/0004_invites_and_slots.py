"""Gives every study its invite as a row, every rater a slot, every session what is new about it."""

from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    Study, Invite = apps.get_model("ratings", "Study"), apps.get_model("ratings", "Invite")
    Rater, Session = apps.get_model("ratings", "Rater"), apps.get_model("ratings", "Session")
    Trial = apps.get_model("ratings", "Trial")
    for study in Study.objects.order_by("pk"):
        invite = Invite.objects.create(study=study, nonce=study.invite_nonce, token_hash=study.invite_hash)
        Rater.objects.filter(study=study, source__in=["browser", "tryout"]).update(invite=invite)
    # Playlists were numbered by the raters of a source.
    Rater.objects.exclude(source="import").update(slot=F("number") - 1)
    for session in Session.objects.select_related("rater").iterator():
        session.length = Trial.objects.filter(session=session).count()
        session.playlist_version = 0 if session.rater.source == "import" else 1
        session.save(update_fields=["length", "playlist_version"])
        if session.finished_at is not None:
            Rater.objects.filter(pk=session.rater_id).update(finished_at=session.finished_at)


def restore(apps, schema_editor):
    Study, Invite = apps.get_model("ratings", "Study"), apps.get_model("ratings", "Invite")
    for study in Study.objects.all():
        invite = Invite.objects.filter(study=study).order_by("pk").first()
        Study.objects.filter(pk=study.pk).update(invite_nonce=invite.nonce, invite_hash=invite.token_hash)


class Migration(migrations.Migration):

    dependencies = [
        ("ratings", "0003_rater_side"),
    ]

    operations = [
        migrations.RunPython(fill, restore),
    ]
