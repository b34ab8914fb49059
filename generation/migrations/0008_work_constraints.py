from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("generation", "0007_fill_work")]

    operations = [
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed", "cancelled", "uncertain"]),
                name="generation_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=Q(claim__isnull=False, lease_expires_at__isnull=False, state="running")
                | Q(~Q(state="running"), claim__isnull=True, lease_expires_at__isnull=True),
                name="generation_running_has_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=Q(finished_at__isnull=True, state__in=("queued", "running"))
                | Q(finished_at__isnull=False, state__in=("done", "failed", "cancelled", "uncertain")),
                name="generation_finished_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=~Q(state="done") | (~Q(image="") & ~Q(heat_maps="")),
                name="generation_done_has_files",
            ),
        ),
    ]
