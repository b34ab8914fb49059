"""What evaluation offers on the pages of lower apps."""

from typing import Any

from annotations.models import Study
from daamweb.links import Link, offer
from evaluation.analyses.registry import analyses_of_runs
from generation.models import GenerationRun


def offer_links() -> None:
    offer(
        Study,
        Link("Report", "evaluation:report", in_lists=True),
        Link("Responses (CSV)", "evaluation:responses", verb="export"),
    )
    offer(GenerationRun, Link("Analyses", "evaluation:run_analyses", is_for=_has_analyses))


def _has_analyses(run: Any) -> bool:
    return bool(analyses_of_runs())
