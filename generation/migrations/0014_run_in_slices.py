"""Runs say how many images they ask for, how many of them are written down, and whether they are being
erased. Those that are there are written down whole."""

from django.db import migrations, models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def count_images(apps, schema_editor):
    runs, images = apps.get_model("generation", "GenerationRun"), apps.get_model("generation", "Generation")
    of_run = images.objects.filter(run=OuterRef("pk")).order_by().values("run")
    counted = Coalesce(Subquery(of_run.annotate(images=Count("*")).values("images")), 0)
    runs.objects.update(images=counted)
    runs.objects.update(written=F("images"))


class Migration(migrations.Migration):
    dependencies = [("generation", "0013_import_refused")]

    operations = [
        migrations.AddField(
            "generationrun",
            "images",
            models.PositiveIntegerField(default=0, editable=False, help_text="How many it asks for."),
        ),
        migrations.AddField(
            "generationrun",
            "written",
            models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="How many of them are written down: a worker does so in slices.",
            ),
        ),
        migrations.AddField(
            "generationrun",
            "set_aside_at",
            models.DateTimeField(
                blank=True, editable=False, help_text="Since when it is being erased.", null=True
            ),
        ),
        migrations.AddConstraint(
            "generationrun",
            models.CheckConstraint(
                condition=Q(written__lte=F("images")), name="run_written_at_most_all"
            ),
        ),
        # Behind what alters the table, which PostgreSQL refuses while rows that were changed are pending.
        migrations.RunPython(count_images, migrations.RunPython.noop),
    ]
