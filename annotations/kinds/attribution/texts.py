"""Defaults of a new attribution study."""

from annotations.kinds.interface import Texts

LABEL = "Attribution: how well does a heat map reflect its word?"
TEXTS = Texts(
    title="What does the highlighted area show?",
    consent=(
        "In this study you look at pictures made by a computer program and say how well a highlighted area "
        "fits a word. Taking part is voluntary, and you can stop at any time by closing the page.\n\n"
        "We store your answers, the time you took for them and how the page was shown to you, such as the "
        "size of its window. We do not ask for your name, and published results do not lead back to you."
    ),
    instructions=(
        "Each page shows a picture, the same picture with an area highlighted, and the text that the "
        "picture was made from. One word of the text is marked in red. Say how well the highlighted area "
        "reflects that word. A line below the highlighted picture says how to tell where the highlighting "
        "is strong.\n\n"
        "Judge the highlighting, not the beauty of the picture. If the picture is too poor to judge, or "
        "the marked word is too abstract or has nothing to do with anything in the picture, say so with "
        "one of the last two answers."
    ),
)
