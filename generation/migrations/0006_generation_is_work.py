from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    """What an image has as leased work; its old rules go, new ones come once the rows are as they say."""

    dependencies = [("generation", "0005_project_required")]

    operations = [
        migrations.RemoveConstraint(model_name="generation", name="generation_state_known"),
        migrations.RemoveConstraint(model_name="generation", name="generation_running_has_lease"),
        migrations.RemoveConstraint(model_name="generation", name="generation_succeeded_has_files"),
        migrations.AddField(
            model_name="generation",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, default=timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="generation", name="done", field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="generation",
            name="total",
            field=models.PositiveIntegerField(
                blank=True, help_text="Of how many; empty: not known.", null=True
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="not_before",
            field=models.DateTimeField(blank=True, help_text="When it may be tried (again).", null=True),
        ),
        migrations.AddField(
            model_name="generation",
            name="poked_at",
            field=models.DateTimeField(
                blank=True, help_text="When a worker was last told of it.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="checkpoint_revision",
            field=models.CharField(
                blank=True,
                help_text="Commit on the hub, or hash of the folder; written down once it is loaded.",
                max_length=100,
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "waiting"), ("running", "running"), ("done", "done"), ("failed", "failed"),
                    ("cancelled", "cancelled"), ("uncertain", "uncertain"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
    ]
