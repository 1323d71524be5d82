"""Before the trusted site starts: migrations, OAuth clients, the release on record, demo accounts. Each step may run again."""

import django
from django.core.management import call_command

from config.embedded.demo_file import handed_list
from config.env import state_dir


def main() -> None:
    """Entry point; ``DJANGO_SETTINGS_MODULE`` names the trusted settings."""
    django.setup()
    call_command("migrate", interactive=False)
    call_command("authorization_clients")
    call_command("release", "record")

    from config.embedded.demo import make_demo  # noqa: PLC0415  models need the apps

    make_demo(handed_list(state_dir()))


if __name__ == "__main__":
    main()
