from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "Reports"

    def ready(self) -> None:
        from annotations.erased import follow
        from evaluation.links import offer_links
        from evaluation.services.exports import forget_exports
        from evaluation.services.results import forget_reports
        from evaluation.stored import say_what_is_stored

        offer_links()
        say_what_is_stored()
        follow(forget_reports)
        follow(forget_exports)
