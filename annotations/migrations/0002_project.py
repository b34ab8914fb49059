import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0001_initial"), ("projects", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="studies", to="projects.project",
            ),
        ),
        migrations.AddField(
            model_name="annotator",
            name="project",
            field=models.ForeignKey(
                db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="annotators", to="projects.project",
            ),
        ),
    ]
