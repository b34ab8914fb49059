"""The options of object-presence studies."""

from django import forms
from django.conf import settings

from annotations.kinds.interface import OptionsForm
from annotations.kinds.object_presence.columns import SEPARATOR
from daamweb.fields import ListField
from generation.prompts.cohyponyms import load_ontology

MOST_OBJECTS = 500


class ObjectPresenceOptions(OptionsForm):
    objects = ListField(
        required=False, help_text="The list to tick from, such as cat, dog; empty: the ontology of the paper."
    )

    def clean_objects(self) -> list[str]:
        objects = self.cleaned_data["objects"] or list(load_ontology().leaves)
        if len(objects) > MOST_OBJECTS:
            raise forms.ValidationError(
                f"These are {len(objects)} objects. A study has at most {MOST_OBJECTS}: each of them is a "
                "field of the page on which a language is typed, and no form may send more than "
                f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS}."
            )
        twice = sorted({name for name in objects if objects.count(name) > 1})
        if twice:
            raise forms.ValidationError(f"This is named more than once: {', '.join(twice)}.")
        separated = [name for name in objects if SEPARATOR in name]
        if separated:
            raise forms.ValidationError(
                f"An object's name must not contain “{SEPARATOR}”: {', '.join(separated)}."
            )
        return sorted(objects, key=lambda name: (name.casefold(), name))
