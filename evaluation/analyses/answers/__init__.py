"""What became of the answers and how often each was given, for kinds that have no analysis of their own."""

from evaluation.analyses.interface import ANY_KIND, Analysis, Needs
from evaluation.documents.content import Section
from evaluation.inputs import Inputs


class Answers(Analysis):
    key = "answers"
    label = "Answers"
    needs = Needs(responses=(ANY_KIND,))

    def sections(self, inputs: Inputs) -> tuple[Section, ...]:
        from evaluation.analyses.answers.section import answer_sections

        return answer_sections(inputs.responses, inputs.answer_columns)
