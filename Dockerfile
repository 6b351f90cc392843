# syntax=docker/dockerfile:1

# The libraries, in a virtual environment that the second stage takes over.
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# WordLlama comes compiled for x86-64 only; elsewhere pip compiles it.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc g++ && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet --no-deps --require-hashes --requirement requirements.txt


FROM python:3.13-slim-bookworm
# The OpenAI client trusts the certificates of the operating system.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin memoryos
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    MEMORYOS_DATA_DIR=/data
# A key for this one command; the installation makes its own in /data at its first start.
RUN SECRET_KEY=only-to-collect-the-static-files STATIC_HASHED=1 python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q chat memory memoryos_site \
    && mkdir /data && chown memoryos /data
USER memoryos
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
# Alone the container brings its own PostgreSQL; with DATABASE_URL it uses that one (see docker-compose.yml).
CMD ["python", "manage.py", "serve"]
