from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ratings', '0005_invites_are_rows'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='rater',
            index=models.Index(fields=['study', 'source', 'slot'], name='rater_by_slot'),
        ),
        migrations.AddIndex(
            model_name='rater',
            index=models.Index(condition=models.Q(('dropped_at__isnull', True), ('finished_at__isnull', True)), fields=['study', 'source', 'created_at'], name='rater_waited_for'),
        ),
        migrations.AddConstraint(
            model_name='rater',
            constraint=models.UniqueConstraint(condition=models.Q(('completion_code', ''), _negated=True), fields=('study', 'completion_code'), name='rater_completion_code_unique'),
        ),
    ]
