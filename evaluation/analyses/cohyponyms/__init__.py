"""How often both objects of a prompt are in its image, cohyponyms against others (paper, section 5.1)."""

from evaluation.analyses.interface import Analysis, Needs
from evaluation.documents.content import Section
from evaluation.inputs import Inputs


class Cohyponyms(Analysis):
    key = "cohyponyms"
    label = "Cohyponym accuracy"
    needs = Needs(responses=("object_presence",))

    def sections(self, inputs: Inputs) -> tuple[Section, ...]:
        # In a worker only: the site reads declarations, and needs neither scipy nor matplotlib for them.
        from evaluation.analyses.cohyponyms.analysis import analyze_presence
        from evaluation.analyses.cohyponyms.section import presence_sections

        plan = inputs.settings["analysis"]
        analysis = analyze_presence(
            inputs.responses,
            replicas=inputs.settings["replicas"],
            k=plan["present_objects"],
            confidence=plan["confidence"],
        )
        return presence_sections(analysis)
