from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "memoryos_site.accounts"
    label = "memoryos_accounts"

    def ready(self) -> None:
        from memoryos_site.accounts import seen  # noqa: F401  (connecting is the effect)
