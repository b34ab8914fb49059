from django.db import migrations


def fill(apps, schema_editor):
    """What was there before projects is the first project's."""
    models = [apps.get_model("annotations", name) for name in ("Study", "Annotator")]
    if any(model.objects.exists() for model in models):
        project, _ = apps.get_model("projects", "Project").objects.get_or_create(name="Main")
        for model in models:
            model.objects.update(project=project)


class Migration(migrations.Migration):
    dependencies = [("annotations", "0002_project"), ("generation", "0004_fill_project")]

    operations = [migrations.RunPython(fill, elidable=True)]
