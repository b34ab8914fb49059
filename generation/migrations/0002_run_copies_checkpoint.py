"""A run keeps what its checkpoint was when it was made. Runs that are there get what the checkpoint's row says
at the upgrade: its source, revision and data type could not be changed once a run had used it, only its name.
Goes forward only, as all migrations from 0.2 on."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

COPIED = ("name", "source", "revision", "data_type")
DATA_TYPES = [("float32", "float32"), ("float16", "float16 (GPU)"), ("bfloat16", "bfloat16 (GPU)")]


def copy(apps, schema_editor):
    checkpoints = apps.get_model("generation", "Checkpoint").objects.filter(pk=OuterRef("checkpoint"))
    apps.get_model("generation", "GenerationRun").objects.update(
        **{f"checkpoint_{name}": Subquery(checkpoints.values(name)[:1]) for name in COPIED}
    )


class Migration(migrations.Migration):
    dependencies = [("generation", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="generationrun",
            name="checkpoint_name",
            field=models.CharField(default="", editable=False, max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="generationrun",
            name="checkpoint_source",
            field=models.CharField(default="", editable=False, max_length=500),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="generationrun",
            name="checkpoint_revision",
            field=models.CharField(
                blank=True, default="", editable=False, max_length=100,
                help_text="Branch, tag or commit that was asked for; empty: the latest.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="generationrun",
            name="checkpoint_data_type",
            field=models.CharField(choices=DATA_TYPES, default="float32", editable=False, max_length=10),
            preserve_default=False,
        ),
        migrations.RunPython(copy, elidable=True),
        migrations.AddConstraint(
            model_name="generationrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("checkpoint_name", ""), _negated=True),
                    models.Q(("checkpoint_source", ""), _negated=True),
                ),
                name="run_says_its_checkpoint",
            ),
        ),
    ]
