import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='project_has_name')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('researcher', 'researcher'), ('observer', 'observer')], max_length=10)),
                ('may_spend', models.BooleanField(default=False, help_text='May publish to platforms that pay annotators, and have them paid.')),
                ('since', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='projects.project')),
            ],
            options={
                'ordering': ['project', 'user__username'],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'researcher', 'observer'])), name='membership_role_known'), models.UniqueConstraint(fields=('project', 'user'), name='membership_unique_in_project')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('researcher', 'researcher'), ('observer', 'observer')], max_length=10)),
                ('may_spend', models.BooleanField(default=False)),
                ('note', models.CharField(blank=True, help_text='For whom it is, for your own list.', max_length=100)),
                ('token_sha256', models.CharField(editable=False, max_length=64, unique=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='projects.project')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'researcher', 'observer'])), name='invitation_role_known'), models.CheckConstraint(condition=models.Q(('accepted_at__isnull', True), ('revoked_at__isnull', True), _connector='OR'), name='invitation_accepted_or_revoked'), models.CheckConstraint(condition=models.Q(('token_sha256', ''), _negated=True), name='invitation_has_token')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('project_name', models.CharField(max_length=100)),
                ('actor_name', models.CharField(max_length=200)),
                ('action', models.CharField(choices=[('made', 'made'), ('edited', 'edited'), ('deleted', 'deleted'), ('opened', 'opened'), ('resumed', 'opened again'), ('paused', 'paused'), ('closed', 'closed'), ('excluded', 'excluded'), ('accepted', 'accepted'), ('rejected', 'rejected'), ('undid', 'took back'), ('exported', 'exported'), ('erased', 'erased'), ('invited', 'invited'), ('revoked', 'revoked'), ('joined', 'joined'), ('left', 'left'), ('removed', 'removed'), ('archived', 'archived'), ('restored', 'restored')], max_length=10)),
                ('subject_type', models.CharField(help_text='The model, such as annotations.study.', max_length=100)),
                ('subject_id', models.BigIntegerField()),
                ('subject_name', models.CharField(max_length=200)),
                ('details', models.JSONField(blank=True, default=dict)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='projects.project')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['project', '-id'], name='event_of_project'), models.Index(fields=['subject_type', 'subject_id', '-id'], name='event_of_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(('action__in', ['made', 'edited', 'deleted', 'opened', 'resumed', 'paused', 'closed', 'excluded', 'accepted', 'rejected', 'undid', 'exported', 'erased', 'invited', 'revoked', 'joined', 'left', 'removed', 'archived', 'restored'])), name='event_action_known'), models.CheckConstraint(condition=models.Q(models.Q(('actor_name', ''), _negated=True), models.Q(('subject_type', ''), _negated=True)), name='event_has_actor_and_subject')],
            },
        ),
    ]
