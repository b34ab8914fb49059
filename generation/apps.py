from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"
    verbose_name = "Prompts and images"

    def ready(self) -> None:
        from daamweb.projects.holdings import Holding, hold
        from daamweb.waiting import buttons
        from generation.errors import PromptSetError
        from generation.jobs import cancel_import, import_again, parse_again
        from generation.models import GenerationRun, Import, Parse, PromptSet
        from generation.selectors import running_imports, with_running_parse
        from generation.services.erasing import (
            erase_import,
            erase_prompt_set,
            erase_run,
            set_prompt_set_aside,
            set_run_aside,
        )
        from generation.services.parses import cancel_parse
        from generation.stored import say_what_is_stored

        hold(
            Holding(
                "prompt sets",
                PromptSet,
                erase=erase_prompt_set,
                running=with_running_parse,
                end_first="Wait until its parse is done, or cancel it on its page.",
                set_aside=set_prompt_set_aside,
            )
        )
        hold(
            Holding(
                "imports",
                Import,
                erase=erase_import,
                running=running_imports,
                end_first="Wait until it is done, or cancel it on its page.",
            )
        )
        hold(Holding("generation runs", GenerationRun, erase=erase_run, set_aside=set_run_aside))
        say_what_is_stored()
        buttons.offer(Import, cancel=cancel_import, again=import_again)
        buttons.offer(Parse, cancel=cancel_parse, again=parse_again, refusals=(PromptSetError,))
