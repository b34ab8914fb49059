from django.urls import path

from daamweb.projects.views import erasures, invitations, memberships, projects

app_name = "projects"
urlpatterns = [
    path("", projects.every_project, name="list"),
    path("<int:pk>/", projects.project, name="project"),
    path("<int:pk>/history/", projects.history, name="history"),
    path("<int:pk>/rename/", projects.rename, name="rename"),
    path("<int:pk>/archive/", projects.archive, name="archive"),
    path("<int:pk>/restore/", projects.restore, name="restore"),
    path("<int:pk>/stored/", erasures.stored, name="stored"),
    path("<int:pk>/erase/", erasures.erase, name="erase"),
    path("<int:pk>/leave/", memberships.leave, name="leave"),
    path("<int:pk>/members/<int:member_pk>/", memberships.change, name="change_member"),
    path("<int:pk>/members/<int:member_pk>/remove/", memberships.remove, name="remove_member"),
    path("<int:pk>/invite/", invitations.make, name="invite"),
    path("<int:pk>/invitations/<int:invitation_pk>/revoke/", invitations.revoke, name="revoke"),
    path("invitations/<slug:token>/", invitations.accept, name="accept"),
]
