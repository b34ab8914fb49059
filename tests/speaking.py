"""Studies that speak several languages, one of them from right to left."""

from annotations.models import Study
from annotations.services.openings import open_study
from tests.annotations.arabic import QUESTION, add_arabic
from tests.factories import make_study

OTHERS = ("de", "es", "zh-hans")
# Of an attribution study, as long as such words are.
ARABIC = {
    "question": QUESTION,
    "1": "سيئ",
    "2": "ضعيف",
    "3": "مقبول",
    "4": "جيد",
    "5": "ممتاز",
    "6": "الصورة أسوأ من أن تُقيَّم",
    "7": "الكلمة مجردة أو غائبة",
    "legend.veil": "كلما ازدادت الزرقة ازدادت القوة.",
}


def make_speaking_study(kind: str = "attribution", **design) -> Study:
    """Open, in English and all that its kind speaks; attribution in Arabic, too."""
    draft = make_study(kind, languages=OTHERS, **design)
    draft.translations.update(pay=draft.pay)
    if kind == "attribution":
        add_arabic(draft, wordings=ARABIC, pay="٣ يورو" if draft.pay else "")
    return open_study(study=draft)
