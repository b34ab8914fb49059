"""What an analysis needs, held against what a study or a run has."""

from annotations.kinds.registry import KINDS
from annotations.models import Study
from evaluation.analyses.interface import ANY_KIND, Analysis
from evaluation.errors import MissingNeedsError, NeverOpenedError
from generation.models import Generation, GenerationRun

Subject = Study | GenerationRun


def missing_needs(analysis: Analysis, subject: Subject) -> tuple[str, ...]:
    """A sentence each on what is missing and how to get it; none: the analysis can begin."""
    missing: list[str] = []
    if isinstance(subject, Study):
        run = subject.run
        if not analysis.needs.a_study:
            missing.append(
                f"“{analysis.label}” stands on a run, not on a study. Analyse the run “{run.name}” itself."
            )
        elif not analysis.needs.reads(subject.kind):
            missing.append(
                f"“{analysis.label}” reads the answers of studies of {_kinds(analysis)}, and "
                f"“{subject.name}” is one of {subject.kind}. Build a study of that kind on “{run.name}”."
            )
        elif subject.state == Study.State.ERASING:
            missing.append(f"“{subject.name}” is being erased.")
        elif subject.plan_id is None:
            missing.append(str(NeverOpenedError(subject.name)))
    else:
        run = subject
        if obstacle := run.prompt_set.obstacle:
            missing.append(f"The prompt set “{run.prompt_set}” {obstacle}.")
        if analysis.needs.a_study:
            missing.append(
                f"“{analysis.label}” reads answers, and “{run.name}” is a run, which has none. Build a study "
                f"of {_kinds(analysis)} on it and open it, or name one that you have."
            )
    if analysis.needs.heat_maps and not run.generations.filter(state=Generation.State.DONE).exists():
        missing.append(
            f"“{analysis.label}” reads heat maps, and no image of the run “{run.name}” is finished. Wait for "
            "its workers, or try again what failed, on the run’s page."
        )
    if analysis.needs.masks:
        missing.append(
            f"“{analysis.label}” reads masks, and the run “{run.name}” has none: this version of daamweb "
            "cannot take masks in yet."
        )
    return tuple(missing)


def check_needs(analysis: Analysis, subject: Subject) -> None:
    """Raises MissingNeedsError."""
    missing = missing_needs(analysis, subject)
    if missing:
        raise MissingNeedsError(missing)


def _kinds(analysis: Analysis) -> str:
    named = KINDS if ANY_KIND in analysis.needs.responses else analysis.needs.responses
    return " or ".join(named)
