from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "daamweb.projects"
    label = "projects"
    verbose_name = "Projects"
