"""Reports become leased work, their results files. What was stored is dropped: a report is computed anew when
it is looked at."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evaluation', '0001_initial'),
        ('annotations', '0001_initial'),
        ('generation', '0001_initial'),
    ]

    operations = [
        migrations.DeleteModel(name='Report'),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled'), ('uncertain', 'uncertain')], default='queued', max_length=10)),
                ('claim', models.UUIDField(blank=True, editable=False, help_text='Whose it is while it runs.', null=True)),
                ('lease_expires_at', models.DateTimeField(blank=True, null=True)),
                ('not_before', models.DateTimeField(blank=True, help_text='When it may be tried (again).', null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(blank=True, help_text='Of how many; empty: not known.', null=True)),
                ('error', models.TextField(blank=True)),
                ('poked_at', models.DateTimeField(blank=True, help_text='When a worker was last told of it.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('analysis', models.CharField(help_text='Its key; see evaluation/analyses.', max_length=50)),
                ('fingerprint', models.CharField(blank=True, db_index=True, help_text='Names the state of the data that it was computed from.', max_length=64)),
                ('file', models.FileField(blank=True, help_text='Tables and figures.', upload_to='results')),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='generation.generationrun')),
                ('study', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='annotations.study')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'failed', 'cancelled', 'uncertain'])), name='report_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('claim__isnull', False), ('lease_expires_at__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('claim__isnull', True), ('lease_expires_at__isnull', True)), _connector='OR'), name='report_running_has_lease'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ('queued', 'running'))), models.Q(('finished_at__isnull', False), ('state__in', ('done', 'failed', 'cancelled', 'uncertain'))), _connector='OR'), name='report_finished_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='report_failed_has_error'), models.CheckConstraint(condition=models.Q(models.Q(('run__isnull', True), ('study__isnull', False)), models.Q(('run__isnull', False), ('study__isnull', True)), _connector='OR'), name='report_of_study_or_run'), models.CheckConstraint(condition=models.Q(('analysis', ''), _negated=True), name='report_has_analysis'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(models.Q(('file', ''), _negated=True), models.Q(('fingerprint', ''), _negated=True)), _connector='OR'), name='report_done_has_file'), models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'running'))), fields=('study', 'analysis'), name='report_of_study_one_at_a_time'), models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'running'))), fields=('run', 'analysis'), name='report_of_run_one_at_a_time'), models.UniqueConstraint(condition=models.Q(('state', 'done')), fields=('study', 'analysis'), name='report_of_study_newest'), models.UniqueConstraint(condition=models.Q(('state', 'done')), fields=('run', 'analysis'), name='report_of_run_newest')],
            },
        ),
    ]
