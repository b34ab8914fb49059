import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0003_fill_project")]

    operations = [
        migrations.AlterField(
            model_name="study",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT,
                related_name="studies", to="projects.project",
            ),
        ),
        migrations.AlterField(
            model_name="annotator",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT,
                related_name="annotators", to="projects.project",
            ),
        ),
        migrations.AlterField(model_name="study", name="name", field=models.CharField(max_length=100)),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.UniqueConstraint(
                fields=("project", "name"), name="study_name_unique_in_project"
            ),
        ),
        migrations.RemoveConstraint(model_name="annotator", name="annotator_unique_on_platform"),
        migrations.AddConstraint(
            model_name="annotator",
            constraint=models.UniqueConstraint(
                fields=("project", "platform", "external_id"), name="annotator_unique_in_project"
            ),
        ),
    ]
