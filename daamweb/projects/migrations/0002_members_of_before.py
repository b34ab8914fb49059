from django.conf import settings
from django.db import migrations
from django.db.models import Q

APPS = ("generation", "annotations", "evaluation")


def adopt(apps, schema_editor):
    """Who could work on the site before projects is in the first one: superusers as owners, who had any right
    to make or change something as researchers, who could only look as observers."""
    User = apps.get_model("auth", "User")
    members = {}
    for user in User.objects.filter(is_staff=True):
        rights = apps.get_model("auth", "Permission").objects.filter(
            Q(user=user) | Q(group__user=user), content_type__app_label__in=APPS
        )
        if user.is_superuser:
            members[user] = "owner"
        elif rights.exclude(codename__startswith="view_").exists():
            members[user] = "researcher"
        elif rights.exists():
            members[user] = "observer"
    if members:
        project, _ = apps.get_model("projects", "Project").objects.get_or_create(name="Main")
        for user, role in members.items():
            apps.get_model("projects", "Membership").objects.create(
                project=project, user=user, role=role, may_spend=role == "owner"
            )


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        # of the version before, whose rights are read
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(adopt, elidable=True)]
