"""The columns of object-presence studies."""

from annotations.kinds.interface import Column

# Between objects where several stand in one cell of a table.
SEPARATOR = "|"

COLUMNS = (
    Column("prompt_objects", "list", "The objects that the prompt names."),
    Column(
        "pair",
        "text",
        f"The prompt's objects in alphabetical order, joined by “{SEPARATOR}”: the image's cluster.",
    ),
    Column("cohyponyms", "truth", "Whether the prompt's objects are cohyponyms; empty: not known."),
    Column(
        "objects", "list", "The objects that the annotator ticked, in the order of the clicks if order_known."
    ),
)
