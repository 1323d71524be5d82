"""Migrations say what the models say, on both sites."""

import os
import subprocess
import sys

import pytest

from tests.architecture import repository


@pytest.mark.parametrize("site", ["trusted", "provider"])
def test_no_migration_is_missing(site):
    environment = {
        "PATH": os.environ["PATH"],
        "CONCLAVE_STATE": os.environ["CONCLAVE_STATE"],
        "DJANGO_SETTINGS_MODULE": f"config.settings.{site}",
    }
    command = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    result = subprocess.run(command, cwd=repository.ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    assert result.returncode == 0, result.stdout + result.stderr[-2000:]
