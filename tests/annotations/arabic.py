"""What a study says in Arabic, which no kind speaks by itself, and which is written from right to left."""

from annotations.kinds.registry import get_kind
from annotations.models import Study, StudyText

TEXTS = {
    "title": "ما الذي تُظهره الصورة؟",
    "consent": "المشاركة طوعية.\nنحفظ إجاباتك.",
    "instructions": "انظر إلى الصورة، ثم أجب.",
}
QUESTION = "ما مدى تعبير المنطقة المظلّلة عن كلمة «{word}»؟"


def arabic_wordings(study: Study) -> dict[str, str]:
    """Each is another one."""
    wordings = get_kind(study.kind).wordings(study.options)
    return {**{key: f"عبارة {number}" for number, key in enumerate(wordings)}, "question": QUESTION}


def add_arabic(study: Study, **fields) -> StudyText:
    """With nothing missing."""
    said = {**TEXTS, "wordings": arabic_wordings(study), **fields}
    return StudyText.objects.create(study=study, language="ar", **said)
