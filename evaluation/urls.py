from django.urls import path

from evaluation.views import files, reports

app_name = "evaluation"
urlpatterns = [
    path("studies/<int:study_pk>/report/", reports.study_report, name="report"),
    path("studies/<int:study_pk>/analyses/<slug:key>/", reports.study_report, name="study_analysis"),
    path("studies/<int:study_pk>/analyses/<slug:key>/refresh/", reports.refresh_study, name="refresh_study"),
    path("studies/<int:study_pk>/responses.csv", files.responses, name="responses"),
    path("exports/<int:pk>/responses.csv", files.export, name="export"),
    path("exports/<int:pk>/participations.csv", files.participations, name="participations"),
    path("studies/<int:study_pk>/codebook.csv", files.codebook, name="codebook"),
    path(
        "studies/<int:study_pk>/participations-codebook.csv",
        files.participations_codebook,
        name="participations_codebook",
    ),
    path("runs/<int:run_pk>/analyses/", reports.run_analyses, name="run_analyses"),
    path("runs/<int:run_pk>/analyses/<slug:key>/", reports.run_report, name="run_analysis"),
    path("runs/<int:run_pk>/analyses/<slug:key>/refresh/", reports.refresh_run, name="refresh_run"),
    path("results/<slug:fingerprint>/figures/<slug:name>.svg", reports.figure, name="figure"),
]
