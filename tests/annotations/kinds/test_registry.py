"""Kinds that are declared wrongly are refused when they are registered."""

import pytest
from django import forms

from annotations.errors import UnknownKindError
from annotations.kinds.interface import COMMON_COLUMNS, NO_WORDINGS, Column, Kind, OptionsForm, Texts
from annotations.kinds.registry import KindError, get_kind, register
from evaluation.frames.columns import COLUMNS


class Sound(Kind):
    key = "sound"
    label = "How does it sound?"
    texts = Texts("Listen", "Do you agree?", "Say how it sounds.")
    columns = (Column("sound", "text", "How it sounds."),)

    def answer_form(self, payload, data=None, initial=None, order=(), wordings=NO_WORDINGS):
        return forms.Form(data, initial=initial)


def changed(**changes) -> Kind:
    return type("Changed", (Sound,), changes)()


def with_option(field: forms.Field) -> Kind:
    return changed(options_form=type("Options", (OptionsForm,), {"size": field}))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            changed(columns=(*Sound.columns, Column("pitch", "number", "How high."), *Sound.columns)),
            "'sound' declares the column sound more than once",
        ),
        (
            changed(columns=(Column("size", "metres", "How large."),)),
            "column 'size' of the kind 'sound' has the type 'metres'; types are text, whole number",
        ),
        (
            changed(columns=(*Sound.columns, Column("prompt", "text", "What was asked."))),
            "'sound' declares the column prompt, which the responses of every kind have already",
        ),
        (with_option(forms.IntegerField()), "option 'size' of the kind 'sound' has no default"),
    ],
)
def test_a_kind_that_is_declared_wrongly_is_refused(kind, message):
    with pytest.raises(KindError, match=message):
        register([kind])


@pytest.mark.parametrize("field", [forms.IntegerField(initial=0), forms.IntegerField(required=False)])
def test_an_option_has_a_default_or_may_be_left_empty(field):
    kind = with_option(field)
    assert register([kind]) == {"sound": kind}


@pytest.mark.parametrize("name", COMMON_COLUMNS)
def test_no_kind_takes_the_name_of_a_common_column(name):
    with pytest.raises(KindError, match=f"declares the column {name}, which"):
        register([changed(columns=(Column(name, "text", "Something else."),))])


def test_the_reserved_names_are_those_of_the_common_columns():
    assert tuple(column.name for column in COLUMNS) == COMMON_COLUMNS


def test_two_kinds_do_not_share_a_key():
    with pytest.raises(KindError, match="Two kinds have the key 'sound'"):
        register([Sound(), Sound()])


def test_a_kind_that_is_not_there_is_an_error_that_names_those_that_are():
    with pytest.raises(UnknownKindError, match="no kind of task 'smell'; known kinds: attribution, obj"):
        get_kind("smell")


@pytest.mark.parametrize("name", ["key", "label", "texts"])
def test_a_kind_that_lacks_what_every_kind_has_is_refused(name):
    body = {"key": "smell", "label": "Smell", "texts": Texts("", "", ""), "answer_form": lambda *_: None}
    incomplete = type("Smell", (Kind,), {each: value for each, value in body.items() if each != name})()
    with pytest.raises(KindError, match=f"The kind Smell has no {name}"):
        register([incomplete])


@pytest.mark.parametrize("key", ["Bad Key!", "", "a-b", "a" * 31])
def test_a_key_that_is_no_name_of_a_folder_and_a_command_is_refused(key):
    body = {"key": key, "label": "Smell", "texts": Texts("", "", ""), "answer_form": lambda *_: None}
    with pytest.raises(KindError, match="goes into addresses, commands"):
        register([type("Smell", (Kind,), body)()])
