#!/usr/bin/env python3
"""Management commands. DJANGO_SETTINGS_MODULE picks the site; the trusted one is the default."""

import os
import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["doctor"]:  # made for settings that cannot be read
        from config.doctor.report import main

        sys.exit(main(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.trusted")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
