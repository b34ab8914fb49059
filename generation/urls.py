from django.urls import path

from generation import views

app_name = "generation"
urlpatterns = [
    path("imports/<int:pk>/", views.import_page, name="import"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/retry/", views.retry, name="retry"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("images/<int:pk>/", views.generation, name="generation"),
    path("images/<int:pk>/image.png", views.image, name="image"),
    path("images/<int:pk>/overlays/<int:word_pk>.webp", views.overlay, name="overlay"),
    path("pictures/<str:signed>", views.picture, name="picture"),
]
