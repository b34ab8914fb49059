"""What prompts and images store about people: nothing, unless a text or picture brought here does."""

from daamweb.projects.stored import Stored, say_nothing_of_anybody, say_stored
from generation.models import Checkpoint, Generation, GenerationRun, Import, Parse, Prompt, PromptSet, Word


def say_what_is_stored() -> None:
    say_stored(
        Stored(
            about="Whoever prompts speak of",
            what=(
                "Prompts with their other columns, as a file had them, and images made of them; of an import "
                "who asked for it, and why rows were refused."
            ),
            why="They are what is judged.",
            until="Deleted with the prompt set and the run.",
            models=(Prompt, Word, Generation, Import),
        )
    )
    say_nothing_of_anybody(PromptSet, GenerationRun, Checkpoint, Parse)
