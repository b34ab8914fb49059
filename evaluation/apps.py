from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "Reports"

    def ready(self) -> None:
        from annotations.erased import follow
        from daamweb.projects.stored import say_nothing_of_anybody
        from evaluation.links import offer_links
        from evaluation.models import Report
        from evaluation.services.results import forget_reports

        offer_links()
        say_nothing_of_anybody(Report)
        follow(forget_reports)
