from django.urls import path

from evaluation import views

app_name = "evaluation"
urlpatterns = [
    path("studies/<int:study_pk>/report/", views.report, name="report"),
    path("studies/<int:study_pk>/report/refresh/", views.refresh, name="refresh"),
    path("studies/<int:study_pk>/responses.csv", views.responses, name="responses"),
    path("studies/<int:study_pk>/codebook.csv", views.codebook, name="codebook"),
    path("reports/<int:pk>/figures/<slug:name>.svg", views.figure, name="figure"),
]
