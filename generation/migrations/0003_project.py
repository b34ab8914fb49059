import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0002_run_copies_checkpoint"), ("projects", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="promptset",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="prompt_sets", to="projects.project",
            ),
        ),
        migrations.AddField(
            model_name="generationrun",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="runs", to="projects.project",
            ),
        ),
    ]
