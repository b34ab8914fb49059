"""Form fields that ask for a project, or for rows of those that a user may work in."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import LONGEST_NAME, Project, Role
from daamweb.projects.roles import is_shared
from daamweb.projects.selectors import allowed, sees_several
from daamweb.projects.services.projects import find_or_create_only_project


class MemberForm(forms.Form):
    """A form that makes rows. It offers what is in projects where the user may make some."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        several = sees_several(user)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = self.choices_of(field.queryset)
                if several and hasattr(field.queryset.model, "project"):
                    field.queryset = field.queryset.select_related("project")
                    field.label_from_instance = with_project  # type: ignore[method-assign, assignment]

    def choices_of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return allowed(rows, self.user, "view" if is_shared(rows.model) else "add")


def with_project(row: Any) -> str:
    """Names are unique in their project only."""
    return f"{row} ({row.project})"


class InProjectForm(MemberForm):
    """Asks for the project where there are several to choose from; where there is one, nobody notices."""

    project = forms.ModelChoiceField(Project.objects.all(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["project"])
        if len(self.choices_of(Project.objects.all())[:2]) < 2:
            del self.fields["project"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "project" not in self.fields:
            data["project"] = self._only_one()
        return data

    def _only_one(self) -> Project | None:
        mine = allowed(Project.objects.all(), self.user, "add").first()
        if mine is not None or not self.user.is_superuser:
            return mine
        try:
            return find_or_create_only_project(by=self.user)
        except ProjectError as error:
            self.add_error(None, str(error))
            return None


class NameForm(forms.Form):
    name = forms.CharField(max_length=LONGEST_NAME, label="Name of the project")


class TypedNameForm(forms.Form):
    """For what cannot be undone."""

    typed_name = forms.CharField(
        max_length=LONGEST_NAME, label="Its name, as it is written", strip=False, required=False
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
    may_spend = forms.BooleanField(
        required=False,
        label="May spend money",
        help_text="May publish to platforms that pay annotators, and have them paid.",
    )


class InvitationForm(RoleForm):
    field_order = ["note", "role", "may_spend"]
    note = forms.CharField(
        max_length=100, required=False, label="For whom", help_text="For the project's own list."
    )
