from django.urls import path

from annotations.views import annotators, pictures, researchers

app_name = "annotations"
urlpatterns = [
    path("", researchers.home, name="home"),
    path("s/<str:slug>/", annotators.start, name="start"),
    path("s/<str:slug>/instructions/", annotators.instructions, name="instructions"),
    path("s/<str:slug>/next/", annotators.go_on, name="next"),
    path("s/<str:slug>/assignments/<int:pk>/", annotators.assignment, name="assignment"),
    path("s/<str:slug>/thanks/", annotators.thanks, name="thanks"),
    path("s/<str:slug>/tasks/<int:pk>/image", pictures.image, name="image"),
    path("s/<str:slug>/tasks/<int:pk>/overlay", pictures.overlay, name="overlay"),
]
