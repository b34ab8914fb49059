from django.db import migrations, models
from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat

ACTIONS = [
    ("made", "made"), ("edited", "edited"), ("deleted", "deleted"), ("parsing", "began to parse"),
    ("parsed", "parsed"), ("retried", "tried again"), ("opening", "began to open"), ("opened", "opened"),
    ("not_opened", "could not open"), ("resumed", "opened again"), ("paused", "paused"),
    ("closing", "began to close"), ("closed", "closed"), ("excluded", "excluded"), ("accepted", "accepted"),
    ("rejected", "rejected"), ("undid", "took back"), ("exported", "exported"), ("erased", "erased"),
    ("invited", "invited"), ("revoked", "revoked"), ("added", "took in"), ("joined", "joined"), ("left", "left"),
    ("removed", "removed"), ("archived", "archived"), ("restored", "restored"),
]


def fill(apps, schema_editor):
    """What was written down until now stands on its subject's own page."""
    kind, key = Cast("subject_type", TextField()), Cast("subject_id", TextField())
    own = Concat(kind, Value(":"), key, output_field=TextField())
    apps.get_model("projects", "Event").objects.update(within=own)


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_erasure")]

    operations = [
        migrations.RemoveConstraint(model_name="event", name="event_action_known"),
        migrations.RemoveConstraint(model_name="event", name="event_has_actor_and_subject"),
        migrations.AddField(
            model_name="event",
            name="within",
            field=models.CharField(
                default="", help_text="On whose page it stands, such as annotations.study:12.", max_length=120
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="event", name="action", field=models.CharField(choices=ACTIONS, max_length=10)
        ),
        migrations.AlterField(
            model_name="event", name="project_name", field=models.CharField(blank=True, max_length=100)
        ),
        migrations.AddIndex(
            model_name="event", index=models.Index(fields=["within", "-id"], name="event_within")
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(action__in=[action for action, _ in ACTIONS]), name="event_action_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=~models.Q(actor_name="") & ~models.Q(subject_type="") & ~models.Q(within=""),
                name="event_has_actor_and_subject",
            ),
        ),
    ]
