"""Defaults of a new object-presence study."""

from annotations.kinds.interface import Texts

LABEL = "Object presence: which objects are in the image?"
TEXTS = Texts(
    title="Which objects are in the picture?",
    consent=(
        "In this study you look at pictures made by a computer program and say which objects you see in "
        "them. Taking part is voluntary, and you can stop at any time by closing the page.\n\n"
        "We store your answers, the time you took for them and how the page was shown to you, such as the "
        "size of its window. We do not ask for your name, and published results do not lead back to you."
    ),
    instructions=(
        "Each page shows a picture and a list of objects. Tick every object of the list that you see in "
        "the picture, the clearest one first.\n\n"
        "An object may look odd or be cut off: tick it if you can tell what it is. Tick nothing that you "
        "only guess. If nothing of the list is there, choose “None of these objects”."
    ),
)
