"""A file of a study's answers becomes leased work."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0005_retention_and_erasing'),
        ('evaluation', '0002_results_in_files'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
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
                ('answers', models.PositiveIntegerField(blank=True, help_text='How many are in the file.', null=True)),
                ('file', models.FileField(blank=True, help_text='CSV.', upload_to='exports')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='annotations.study')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'failed', 'cancelled', 'uncertain'])), name='export_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('claim__isnull', False), ('lease_expires_at__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('claim__isnull', True), ('lease_expires_at__isnull', True)), _connector='OR'), name='export_running_has_lease'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ('queued', 'running'))), models.Q(('finished_at__isnull', False), ('state__in', ('done', 'failed', 'cancelled', 'uncertain'))), _connector='OR'), name='export_finished_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='export_failed_has_error'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(models.Q(('file', ''), _negated=True), ('answers__isnull', False)), _connector='OR'), name='export_done_has_file'), models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'running'))), fields=('study', 'asked_by'), name='export_one_at_a_time'), models.UniqueConstraint(condition=models.Q(('state', 'done')), fields=('study', 'asked_by'), name='export_newest')],
            },
        ),
    ]
