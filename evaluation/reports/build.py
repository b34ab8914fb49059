"""From what was gathered to the report: what it stands on, the analysis' sections, what does not count."""

from evaluation.analyses.interface import Analysis
from evaluation.documents.content import ReportContent
from evaluation.frames.plans import FrozenPlan
from evaluation.reports.dropped import dropped_sections
from evaluation.reports.gather import Gathered
from evaluation.reports.plan import plan_section
from evaluation.reports.run import run_section


def build_report(gathered: Gathered, analysis: Analysis) -> ReportContent:
    """Compute it; a worker's work."""
    inputs = gathered.inputs
    if isinstance(gathered.about, FrozenPlan):
        first = plan_section(gathered.about, inputs.responses)
        dropped = dropped_sections(inputs.responses)
    else:
        first, dropped = run_section(gathered.about), ()
    return ReportContent((first, *analysis.sections(inputs), *dropped))
