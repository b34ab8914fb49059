"""What is stored about whom: every model says it."""

import pytest
from django.apps import apps
from django.db import models

from daamweb.projects.stored import NOTHING_OF_ANYBODY, STORED
from tests.factories import main_project, make_open_study, make_participation

# A field that leads to a person; what has one cannot say that it holds nothing of anybody.
PERSONS = {"auth.user", "annotations.annotator", "annotations.participation"}


def said() -> set[type[models.Model]]:
    return {model for each in STORED for model in each.models}


def test_every_model_says_what_it_stores_of_whom_or_that_it_is_nothing():
    silent = [model._meta.label for model in apps.get_models() if model not in said() | NOTHING_OF_ANYBODY]
    assert silent == [], "say in the app's stored.py what they hold of whom"


def test_no_model_says_both():
    assert said() & NOTHING_OF_ANYBODY == set()


def test_what_leads_to_a_person_says_so():
    leading = [
        model._meta.label
        for model in NOTHING_OF_ANYBODY
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model._meta.label_lower in PERSONS
    ]
    # Who holds a place, or has it reserved, is part of that person's way through the study.
    assert set(leading) <= {"annotations.Place"}


@pytest.mark.django_db
def test_people_are_counted_by_project():
    study = make_open_study()
    make_participation(study)
    counts = {each.what.partition(",")[0]: each.count(main_project()) for each in STORED if each.count}
    assert set(counts.values()) == {1, 0}
