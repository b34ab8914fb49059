from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "Reports"

    def ready(self) -> None:
        """Offer what is of a study for the study's own pages."""
        from annotations.models import Study
        from daamweb.links import Link, offer

        offer(
            Study,
            Link("Report", "evaluation:report", in_lists=True),
            Link("Responses (CSV)", "evaluation:responses"),
        )
