from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"
    verbose_name = "Studies and annotators"

    def ready(self) -> None:
        from annotations.models import Annotator, Opening, Study
        from annotations.services.erasing import (
            erase_annotator_row,
            erase_study,
            running_studies,
            set_study_aside,
        )
        from annotations.services.openings import cancel_opening
        from annotations.stored import say_what_is_stored
        from daamweb.projects.holdings import Holding, hold
        from daamweb.waiting.buttons import offer

        say_what_is_stored()
        offer(Opening, cancel=cancel_opening)
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
