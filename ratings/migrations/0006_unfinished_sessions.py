from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ratings', '0005_invites_are_rows'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('finished_at__isnull', True)), fields=['rater'], name='session_unfinished'),
        ),
    ]
