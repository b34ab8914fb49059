import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0004_fill_project")]

    operations = [
        migrations.AlterField(
            model_name="promptset",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT,
                related_name="prompt_sets", to="projects.project",
            ),
        ),
        migrations.AlterField(
            model_name="generationrun",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT,
                related_name="runs", to="projects.project",
            ),
        ),
        migrations.AlterField(
            model_name="promptset", name="name", field=models.CharField(max_length=100),
        ),
        migrations.AlterField(
            model_name="generationrun", name="name", field=models.CharField(max_length=100),
        ),
        migrations.AddConstraint(
            model_name="promptset",
            constraint=models.UniqueConstraint(
                fields=("project", "name"), name="prompt_set_name_unique_in_project"
            ),
        ),
        migrations.AddConstraint(
            model_name="generationrun",
            constraint=models.UniqueConstraint(fields=("project", "name"), name="run_name_unique_in_project"),
        ),
    ]
