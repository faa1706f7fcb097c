"""Loaded by pytest before Django's settings: real PostgreSQL and Redis of their own for the whole test run.

Each worker of a run has servers to itself: an open transaction keeps the sealer waiting in every database of a server.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from prometheus_site import embedded


def start() -> None:
    """Start this process's servers, in the folder of the process that started the run."""
    known = os.environ.get("PROMETHEUS_TEST_DATA")
    folder = Path(known or tempfile.mkdtemp(prefix="prometheus-test-"))
    if not known:
        os.environ["PROMETHEUS_TEST_DATA"] = str(folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    own = folder / os.environ.get("PYTEST_XDIST_WORKER", "main")
    servers = embedded.start(own, durable=False)
    atexit.register(servers.stop)
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = servers.redis_url
    os.environ["PROMETHEUS_DATA"] = str(own / "files")
    for name, path in embedded.make_secrets(folder).items():
        os.environ[f"{name}_FILE"] = str(path)


start()
