"""Rights come from memberships: whoever asks Django what a user may do is answered by their roles."""

from typing import Any

from django.apps import apps
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from daamweb.projects.selectors import may, may_somewhere


class MembersBackend(BaseBackend):
    """Rights by role, in the row's project, or in any where no row is named. Those that Django's own tables
    give to users and groups are not asked for. It lets nobody in."""

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Any = None) -> bool:
        app_label, _, codename = perm.partition(".")
        verb, _, model_name = codename.partition("_")
        if isinstance(obj, Model):
            return obj._meta.label_lower == f"{app_label}.{model_name}" and may(user_obj, verb, obj)
        try:
            model = apps.get_model(app_label, model_name)
        except LookupError:
            return False
        return may_somewhere(user_obj, verb, model)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        models = apps.get_app_config(app_label).get_models()
        return any(may_somewhere(user_obj, "view", model) for model in models)
