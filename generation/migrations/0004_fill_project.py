from django.db import migrations


def fill(apps, schema_editor):
    """What was there before projects is the first project's."""
    models = [apps.get_model("generation", name) for name in ("PromptSet", "GenerationRun")]
    if any(model.objects.exists() for model in models):
        project, _ = apps.get_model("projects", "Project").objects.get_or_create(name="Main")
        for model in models:
            model.objects.update(project=project)


class Migration(migrations.Migration):
    dependencies = [("generation", "0003_project"), ("projects", "0002_members_of_before")]

    operations = [migrations.RunPython(fill, elidable=True)]
