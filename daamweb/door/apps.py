from django.apps import AppConfig


class DoorConfig(AppConfig):
    name = "daamweb.door"
    label = "door"
    verbose_name = "The door"

    def ready(self) -> None:
        from daamweb.door import checks  # noqa: F401  Django knows of a check once its module is loaded
