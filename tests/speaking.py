"""Studies that speak several languages, one of them from right to left."""

from annotations.models import Study, StudyText
from annotations.services.openings import open_study
from tests.factories import make_study

OTHERS = ("de", "es", "zh-hans")
ARABIC_TITLE = "ماذا تُظهر المنطقة المميزة؟"
ARABIC_CONSENT = "في هذه الدراسة تنظر إلى صور صنعها برنامج حاسوبي."
ARABIC_INSTRUCTIONS = "قل إلى أي مدى تعبّر المنطقة المميزة عن الكلمة."
ARABIC = {
    "question": "إلى أي مدى تعبّر المنطقة المميزة عن الكلمة «{word}»؟",
    "1": "سيئ",
    "2": "ضعيف",
    "3": "مقبول",
    "4": "جيد",
    "5": "ممتاز",
    "6": "الصورة أسوأ من أن تُقيَّم",
    "7": "الكلمة مجردة أو غائبة",
    "legend.veil": "كلما ازدادت الزرقة ازدادت القوة.",
}


def add_arabic(draft: Study) -> StudyText:
    """To an attribution study; the site itself speaks no Arabic."""
    return StudyText.objects.create(
        study=draft,
        language="ar",
        title=ARABIC_TITLE,
        consent=ARABIC_CONSENT,
        instructions=ARABIC_INSTRUCTIONS,
        pay="٣ يورو" if draft.pay else "",
        wordings=ARABIC,
    )


def make_speaking_study(kind: str = "attribution", **design) -> Study:
    """Open, in English and all that its kind speaks; attribution in Arabic, too."""
    draft = make_study(kind, languages=OTHERS, **design)
    if kind == "attribution":
        add_arabic(draft)
    return open_study(study=draft)
