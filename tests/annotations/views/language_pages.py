"""What tests do on a researcher's pages of a study's languages."""

from annotations.models import Study
from tests.edits import shown_at


def page_of(study: Study, tag: str = "") -> str:
    return f"/studies/{study.pk}/languages/" + (f"{tag}/" if tag else "")


def typed_texts(client, address: str, **changes) -> dict[str, str]:
    """What a browser sends of the form of one language."""
    form = client.get(address).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return {**values, "shown": shown_at(client, address), **changes}


def stored(study: Study, tag: str) -> dict:
    return study.translations.values("title", "pay", "wordings", "reviewed_by").get(language=tag)
