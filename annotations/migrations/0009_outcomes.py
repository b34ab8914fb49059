import hashlib
import hmac

import django.db.models.deletion
from django.db import migrations, models

AT_ONCE = 500
# As annotations/models/outcomes.py made them when this was written.
OTHERS = ("failed_checks", "screened_out", "no_place", "withdrew", "interrupted")


def codes(person) -> str:
    made = (
        hmac.new(str(person.seed).encode(), f"{person.completion_code} {outcome}".encode(), hashlib.sha256)
        for outcome in OTHERS
    )
    return " ".join(each.hexdigest()[:8].upper() for each in made)


def fill_codes(apps, schema_editor):
    """Of those who take part already, in slices."""
    participation = apps.get_model("annotations", "Participation")
    last = 0
    while people := list(participation.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for person in people:
            person.other_codes = codes(person)
        participation.objects.bulk_update(people, ["other_codes"])
        last = people[-1].pk


def note_interrupted(apps, schema_editor):
    """Of studies that are closed: what closing notes from now on."""
    open_ended = {"finished_at": None, "screened_out_at": None, "withdrew_at": None, "excluded_at": None}
    people = apps.get_model("annotations", "Participation").objects.filter(visit__isnull=False, **open_ended)
    for study in apps.get_model("annotations", "Study").objects.filter(state="closed").only("closed_at"):
        people.filter(study=study).update(interrupted_at=study.closed_at)


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0008_order_of_options'),
    ]

    operations = [
        migrations.AddField(
            model_name='assignment',
            name='declined',
            field=models.BooleanField(default=False, help_text='Its person did not want to answer: given back for good.'),
        ),
        migrations.AddField(
            model_name='assignment',
            name='set_aside',
            field=models.BooleanField(default=False, help_text='Its person stopped for now: theirs again if nobody took it meanwhile.'),
        ),
        migrations.AddField(
            model_name='participation',
            name='declined',
            field=models.PositiveIntegerField(default=0, help_text='How many of them this person did not want to answer.'),
        ),
        migrations.AddField(
            model_name='participation',
            name='interrupted_at',
            field=models.DateTimeField(blank=True, help_text='When the study closed or stopped everybody, or this person had waited long enough.', null=True),
        ),
        migrations.AddField(
            model_name='participation',
            name='other_codes',
            field=models.CharField(blank=True, default='', editable=False, help_text='Those of the outcomes other than finishing, to be searched.', max_length=60),
        ),
        migrations.AddField(
            model_name='participation',
            name='waiting_since',
            field=models.DateTimeField(blank=True, editable=False, help_text='Since when nothing was free, though something may come.', null=True),
        ),
        migrations.AddField(
            model_name='study',
            name='stops_everybody',
            field=models.BooleanField(default=False, editable=False, help_text='While it is paused: whoever is inside is given nothing more, either.'),
        ),
        migrations.CreateModel(
            name='ProblemReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('picture_missing', 'A picture does not load'), ('picture_disturbs', 'A picture disturbs me'), ('page_broken', 'Something on the page does not work'), ('other', 'Something else')], max_length=20)),
                ('text', models.CharField(blank=True, max_length=1000)),
                ('created_at', models.DateTimeField()),
                ('assignment', models.ForeignKey(blank=True, help_text='The turn at whose page it was written.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='problem_reports', to='annotations.assignment')),
                ('participation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='problem_reports', to='annotations.participation')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='problem_reports', to='annotations.study')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('set_aside', False), models.Q(('declined', False), ('state', 'returned')), _connector='OR'), name='assignment_set_aside_is_returned'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('declined', False), ('state', 'returned'), _connector='OR'), name='assignment_declined_is_returned'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('set_aside', True)), fields=['participation'], name='assignment_set_aside'),
        ),
        migrations.AddConstraint(
            model_name='participation',
            constraint=models.CheckConstraint(condition=models.Q(('declined__lte', models.F('turns'))), name='participation_declined_at_most_its_turns'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('stops_everybody', False), ('state', 'paused'), _connector='OR'), name='study_stops_while_paused'),
        ),
        migrations.AddConstraint(
            model_name='problemreport',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['picture_missing', 'picture_disturbs', 'page_broken', 'other'])), name='problem_report_kind_known'),
        ),
        migrations.RunPython(fill_codes, elidable=True),
        migrations.RunPython(note_interrupted, elidable=True),
    ]
