from django.db import migrations


def fill(apps, schema_editor):
    """The sets that wait for the parser have somebody who asked for it."""
    sets = apps.get_model("generation", "PromptSet").objects.filter(parse_state="queued")
    parses = apps.get_model("generation", "Parse").objects
    parses.bulk_create(
        [parses.model(prompt_set_id=pk) for pk in sets.values_list("pk", flat=True)], batch_size=500
    )


class Migration(migrations.Migration):
    dependencies = [("generation", "0009_parse")]

    operations = [migrations.RunPython(fill, elidable=True)]
