#!/usr/bin/env python3
"""Django's command line. Without DATABASE_URL or REDIS_URL it brings PostgreSQL and Redis of its own."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from prometheus_site.embedded import ServerFailed, ServerMissing, prepare


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prometheus_site.settings")
    try:
        prepare(sys.argv, os.environ, root=Path(__file__).resolve().parent)
    except (ServerMissing, ServerFailed) as error:
        sys.exit(f"manage.py: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
