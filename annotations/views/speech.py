"""In which language a page speaks to whoever looks at it."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import translation

from annotations.models import Participation, Study
from annotations.services.languages import choose_language
from annotations.texts import offered_languages, texts_in
from daamweb.languages import accepted, direction_of, interface_language, name_of, translated_name_of

FIELD = "language"  # of forms and addresses


def speak(request: HttpRequest, study: Study, person: Participation | None) -> None:
    """From here on everything is said in this person's language: in the one that was chosen, or for a
    newcomer the one that is asked for."""
    chosen = person.language if person is not None else _asked_for(request, study)
    study.spoken = texts_in(study, chosen)
    translation.activate(interface_language(study.texts.language))


def _asked_for(request: HttpRequest, study: Study) -> str:
    """By the form or the address, as far as the study is offered in it; else by the browser."""
    offered = offered_languages(study)
    named = named_language(request)
    return named if named in offered else accepted(request, offered) or study.language


def named_language(request: HttpRequest) -> str:
    return (request.POST.get(FIELD) or request.GET.get(FIELD, "")).lower()


def chosen_language(request: HttpRequest, study: Study) -> str:
    """Which language of the study this request names, to be named by the next one; empty: none."""
    named = named_language(request)
    return named if named in offered_languages(study) else ""


def asked_in_vain(request: HttpRequest, study: Study) -> bool:
    """Whether an address names a language that the study does not speak."""
    named = named_language(request)
    return bool(named) and named not in offered_languages(study)


def other_prompt_language(study: Study) -> str:
    """What the prompts' language is called, where that is another one than the person reads; else empty."""
    prompts, read = study.prompt_language, study.texts.language
    return "" if prompts.partition("-")[0] == read.partition("-")[0] else translated_name_of(prompts)


def take_language(request: HttpRequest, study: Study, person: Participation) -> None:
    """What a form said, if the study is offered in it and the person had another one."""
    named = request.POST.get(FIELD, "").lower()
    if named and named != person.language and named in offered_languages(study):
        choose_language(participation=person, language=named)


@dataclass(frozen=True)
class Choice:
    """One of the languages of a study, by what its speakers call it."""

    tag: str
    name: str
    direction: str
    is_chosen: bool


def languages_to_choose(study: Study) -> list[Choice]:
    """None where there is only one."""
    offered = offered_languages(study)
    if len(offered) == 1:
        return []
    chosen = study.texts.language
    return [Choice(tag, name_of(tag), direction_of(tag), tag == chosen) for tag in offered]
