"""Loaded by pytest before Django's settings: real PostgreSQL and Redis of their own for the whole test run.

Workers of one run share the servers; each has its own database (pytest-django) and its own number in Redis.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from prometheus_site import embedded


def start() -> None:
    """Start the servers, or attach to those of the process that started the run."""
    known = os.environ.get("PROMETHEUS_TEST_DATA")
    folder = Path(known or tempfile.mkdtemp(prefix="prometheus-test-"))
    if not known:
        os.environ["PROMETHEUS_TEST_DATA"] = str(folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    servers = embedded.start(folder / "data", durable=False)
    atexit.register(servers.stop)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = f"{servers.redis_url}?db={worker}"
    os.environ["PROMETHEUS_DATA"] = str(folder / f"of-{worker}")
    for name, path in embedded.make_secrets(folder).items():
        os.environ[f"{name}_FILE"] = str(path)


start()
