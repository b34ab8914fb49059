from django.urls import path

from annotations.views import annotators, codes, data, leaving, problems, researchers, texts, turns

app_name = "annotations"
urlpatterns = [
    path("", researchers.home, name="home"),
    path("studies/<int:pk>/data/", data.study_data, name="study_data"),
    path("studies/<int:pk>/retention/", data.retention, name="retention"),
    path("studies/<int:pk>/erase/", data.erase_study, name="erase_study"),
    path("studies/<int:pk>/codes/", codes.entry_codes, name="entry_codes"),
    path("studies/<int:pk>/codes/entry-codes.csv", codes.entry_codes_file, name="entry_codes_file"),
    path("studies/<int:pk>/codes/revoke/", codes.revoke, name="revoke_entry_code"),
    path("studies/<int:pk>/languages/", texts.languages, name="languages"),
    path("studies/<int:pk>/languages/<str:tag>/", texts.study_language, name="study_language"),
    path("studies/<int:pk>/languages/<str:tag>/remove/", texts.remove, name="remove_language"),
    path("people/<int:pk>/erase/", data.erase_annotator, name="erase_annotator"),
    path("s/<slug:slug>/", annotators.start, name="start"),
    path("s/<slug:slug>/instructions/", annotators.instructions, name="instructions"),
    path("s/<slug:slug>/language/", annotators.language, name="language"),
    path("s/<slug:slug>/next/", annotators.go_on, name="next"),
    path("s/<slug:slug>/waiting/", annotators.waiting, name="waiting"),
    path("s/<slug:slug>/keep/", annotators.keep, name="keep"),
    path("s/<slug:slug>/assignments/<int:pk>/", turns.assignment, name="assignment"),
    path("s/<slug:slug>/assignments/<int:pk>/extend/", turns.extend, name="extend"),
    path("s/<slug:slug>/assignments/<int:pk>/decline/", leaving.decline, name="decline"),
    path("s/<slug:slug>/assignments/<int:pk>/report/", problems.report_task, name="report_task"),
    path("s/<slug:slug>/report/", problems.report, name="report"),
    path("s/<slug:slug>/stop/", leaving.stop, name="stop"),
    path("s/<slug:slug>/stopped/", leaving.stopped, name="stopped"),
    path("s/<slug:slug>/withdraw/", leaving.withdraw, name="withdraw"),
    path("s/<slug:slug>/no-consent/", leaving.no_consent, name="no_consent"),
    path("s/<slug:slug>/thanks/", annotators.thanks, name="thanks"),
]
