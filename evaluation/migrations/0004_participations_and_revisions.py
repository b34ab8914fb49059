from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evaluation', '0003_export'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='participations',
            field=models.FileField(blank=True, help_text='CSV.', upload_to='exports'),
        ),
        migrations.AddField(
            model_name='export',
            name='revisions',
            field=models.CharField(choices=[('last', 'the last revision of every answer'), ('all', 'every revision of every answer')], default='last', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('revisions__in', ['last', 'all'])), name='export_revisions_known'),
        ),
    ]
