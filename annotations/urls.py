from django.urls import path

from annotations.views import annotators, pictures, researchers, turns

app_name = "annotations"
urlpatterns = [
    path("", researchers.home, name="home"),
    path("s/<slug:slug>/", annotators.start, name="start"),
    path("s/<slug:slug>/instructions/", annotators.instructions, name="instructions"),
    path("s/<slug:slug>/next/", annotators.go_on, name="next"),
    path("s/<slug:slug>/waiting/", annotators.waiting, name="waiting"),
    path("s/<slug:slug>/keep/", annotators.keep, name="keep"),
    path("s/<slug:slug>/assignments/<int:pk>/", turns.assignment, name="assignment"),
    path("s/<slug:slug>/thanks/", annotators.thanks, name="thanks"),
    path("s/<slug:slug>/tasks/<int:pk>/<slug:sha256>/image", pictures.image, name="image"),
    path("s/<slug:slug>/tasks/<int:pk>/<slug:sha256>/overlay", pictures.overlay, name="overlay"),
]
