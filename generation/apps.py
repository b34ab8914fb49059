from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"
    verbose_name = "Prompts and images"

    def ready(self) -> None:
        from daamweb.projects.holdings import Holding, hold
        from daamweb.waiting import buttons
        from generation.jobs import cancel_import, parse_again
        from generation.models import GenerationRun, Import, Parse, PromptSet
        from generation.services.erasing import erase_prompt_set, erase_run
        from generation.services.imports import erase_import
        from generation.services.parses import cancel_parse
        from generation.stored import say_what_is_stored

        hold(Holding("prompt sets", PromptSet, erase=erase_prompt_set))
        hold(Holding("imports", Import, erase=erase_import))
        hold(Holding("generation runs", GenerationRun, erase=erase_run))
        say_what_is_stored()
        buttons.offer(Import, cancel=cancel_import)
        buttons.offer(Parse, cancel=cancel_parse, again=parse_again)
