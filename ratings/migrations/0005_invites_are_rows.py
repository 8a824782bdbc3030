from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("ratings", "0004_invites_and_slots"),
    ]

    operations = [
        migrations.RemoveField(
            model_name='study',
            name='invite_hash',
        ),
        migrations.RemoveField(
            model_name='study',
            name='invite_nonce',
        ),
    ]
