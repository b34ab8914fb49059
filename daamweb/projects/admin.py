"""Users, for superusers. What a user may do is said by memberships, on the pages of projects; Django's groups
and single rights grant nothing here, so that they are not shown."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils.html import format_html_join

from daamweb.admin_deletion import CountedDeletion
from daamweb.projects.services.staff import mark_staff

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(CountedDeletion, DjangoUserAdmin):
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

    def save_model(self, request, user, form, change):
        super().save_model(request, user, form, change)
        mark_staff(user=user)

    @admin.display(description="projects")
    def projects(self, user):
        """Where somebody is taken in and out."""
        memberships = user.memberships.select_related("project")
        rows = [
            (reverse("projects:project", args=[each.project_id]), each.project, each.get_role_display())
            for each in memberships
        ]
        return format_html_join(", ", '<a href="{}">{}</a> ({})', rows) or "none"
