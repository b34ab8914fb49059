"""How the images were made on which an analysis without annotators stands."""

from evaluation.documents.content import Section
from evaluation.documents.tables import Table
from evaluation.frames.runs import RunFacts
from evaluation.reports.plan import run_in_words
from evaluation.reports.versions import computed_with

STATES = {
    "done": "finished",
    "queued": "waiting",
    "running": "being made",
    "failed": "failed",
    "cancelled": "cancelled",
}


def run_section(run: RunFacts) -> Section:
    """The first section of every report of a run."""
    images = ", ".join(f"{STATES[state]}: {number}" for state, number in run.images.items() if number)
    revisions = ", ".join(revision or "unknown" for revision in run.revisions)
    rows = (
        ("run", run.settings["name"]),
        ("prompt set", run.settings["prompt_set"]),
        ("words and relations by", run.settings["parser"] or "nobody: the prompts were not parsed"),
        ("images", images or "none"),
        ("images by", f"{run.checkpoint}, revision {revisions or 'unknown'}"),
        ("images made with", run_in_words(run.settings)),
        *computed_with(),
    )
    return Section("The images", tables=(Table("run", "How the images were made", ("what", "value"), rows),))
