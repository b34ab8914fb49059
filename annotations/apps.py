from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"
    verbose_name = "Studies and annotators"

    def ready(self) -> None:
        from annotations.models import Annotator, Study
        from annotations.services.erasing import (
            erase_annotator_row,
            erase_study,
            running_studies,
            set_study_aside,
        )
        from annotations.stored import say_what_is_stored
        from daamweb.projects.holdings import Holding, hold

        say_what_is_stored()
        hold(Holding("annotators", Annotator, erase=erase_annotator_row))
        hold(
            Holding(
                "studies",
                Study,
                erase=erase_study,
                running=running_studies,
                end_first="Close it, and wait until it is closed.",
                set_aside=set_study_aside,
            )
        )
