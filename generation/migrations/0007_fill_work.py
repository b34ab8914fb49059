from django.db import migrations
from django.db.models import OuterRef, Subquery
from django.utils import timezone


def fill(apps, schema_editor):
    """What had succeeded is done; each row is as leased work has to be."""
    images = apps.get_model("generation", "Generation").objects
    runs = apps.get_model("generation", "GenerationRun").objects
    images.filter(state="succeeded").update(state="done")
    images.exclude(state="running").update(claim=None, lease_expires_at=None)
    # What took its workers down before is counted anew: an image whose third attempt the upgrade ended would
    # fail, and so would all that wait with it, as if the checkpoint could not be loaded.
    images.filter(state__in=("queued", "running")).update(finished_at=None, attempts=0)
    images.filter(state__in=("done", "failed"), finished_at=None).update(finished_at=timezone.now())
    made = runs.filter(pk=OuterRef("run")).values("created_at")
    images.update(created_at=Subquery(made))


class Migration(migrations.Migration):
    dependencies = [("generation", "0006_generation_is_work")]

    operations = [migrations.RunPython(fill, elidable=True)]
