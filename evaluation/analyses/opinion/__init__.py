"""Opinion scores of words' heat maps, by part of speech (paper, section 3.2)."""

from evaluation.analyses.interface import Analysis, Needs
from evaluation.documents.content import Section
from evaluation.inputs import Inputs


class Opinion(Analysis):
    key = "opinion"
    label = "Opinion scores"
    version = 4
    needs = Needs(responses=("attribution",))

    def sections(self, inputs: Inputs) -> tuple[Section, ...]:
        # In a worker only: the site reads declarations, and needs neither scipy nor matplotlib for them.
        from evaluation.analyses.opinion.analysis import analyze_opinion
        from evaluation.analyses.opinion.section import opinion_sections

        plan = inputs.settings["analysis"]
        analysis = analyze_opinion(
            inputs.responses,
            min_valid=plan["min_valid"],
            confidence=plan["confidence"],
            exclude_failed_checks=plan["exclude_failed_checks"],
        )
        return opinion_sections(analysis, tuple(inputs.settings["scale"].values()))
