"""Users, for superusers. What a user may do is said by memberships, on the pages of projects; Django's groups
and single rights grant nothing here, so that they are not shown."""

from functools import partial

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils.html import format_html_join

from daamweb.admin_deletion import CountedDeletion
from daamweb.projects.admin_trail import RowForm, TrailAdmin
from daamweb.projects.services.editing import edit_row
from daamweb.projects.services.rows import note_password, together
from daamweb.projects.services.staff import mark_staff
from daamweb.requests import current_user

admin.site.unregister(User)
admin.site.unregister(Group)

# That they were changed is written down, and not to what.
PRIVATE = frozenset({"first_name", "last_name", "email"})


class UserForm(RowForm, UserChangeForm):
    pass


@admin.register(User)
class UserAdmin(CountedDeletion, TrailAdmin, DjangoUserAdmin):
    form = UserForm
    list_display = ["username", "email", "first_name", "last_name", "is_superuser", "is_active"]
    list_filter = ["is_superuser", "is_active"]
    filter_horizontal = ()
    readonly_fields = ["projects", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Who it is", {"fields": ["first_name", "last_name", "email"]}),
        ("Rights", {"fields": ["is_active", "is_superuser", "projects"]}),
        ("Times", {"fields": ["last_login", "date_joined"]}),
    ]

    def edit(self, *, row, typed, shown, by):
        edit_row(row=row, typed=typed, shown=shown, by=by, private=PRIVATE)

    def save_model(self, request, user, form, change):
        super().save_model(request, user, form, change)
        mark_staff(user=user)

    def user_change_password(self, request, id, form_url=""):
        return together(partial(super().user_change_password, request, id, form_url))

    def log_change(self, request, user, message):
        """Django's page for passwords comes here after it has stored one, and so does the form, whose
        service has written down what it did."""
        if request.resolver_match.url_name == "auth_user_password_change":
            note_password(user=user, by=current_user(request))

    @admin.display(description="projects")
    def projects(self, user):
        """Where somebody is taken in and out."""
        memberships = user.memberships.select_related("project")
        rows = [
            (reverse("projects:project", args=[each.project_id]), each.project, each.get_role_display())
            for each in memberships
        ]
        return format_html_join(", ", '<a href="{}">{}</a> ({})', rows) or "none"
