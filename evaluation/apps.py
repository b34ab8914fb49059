from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "Reports"

    def ready(self) -> None:
        from evaluation.links import offer_links

        offer_links()
