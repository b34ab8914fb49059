from django.apps import AppConfig


class AccountConfig(AppConfig):
    name = "daamweb.account"
    label = "account"
    verbose_name = "My account"
