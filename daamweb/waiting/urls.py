from django.urls import path

from daamweb.waiting import views

app_name = "work"
urlpatterns = [
    path("<str:label>/<int:pk>/", views.progress, name="progress"),
    path("<str:label>/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<str:label>/<int:pk>/again/", views.again, name="again"),
]
