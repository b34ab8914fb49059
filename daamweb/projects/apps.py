from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "daamweb.projects"
    label = "projects"
    verbose_name = "Projects"

    def ready(self) -> None:
        from daamweb.projects.said import say_what_is_stored

        say_what_is_stored()
