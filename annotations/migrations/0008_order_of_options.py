from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0007_who_takes_part'),
    ]

    operations = [
        migrations.AddField(
            model_name='participation',
            name='option_order',
            field=models.JSONField(blank=True, default=list, editable=False, help_text='The numbers of an answer’s options in the order in which this person is shown them, drawn once; empty: the kind has none to order.'),
        ),
    ]
