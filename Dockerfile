# TripSync as it is served: an environment, an ordinary user, a data folder.
#
#   docker build -t tripsync .
#   docker run -p 8000:8000 -v tripsync:/data -e SECRET_KEY="$(openssl rand -base64 48)" tripsync
#
# Without DATABASE_URL the embedded PostgreSQL starts, and keeps its files under /data.

FROM python:3.13-slim-trixie AS build
ENV PATH=/opt/tripsync/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tripsync
WORKDIR /source
# Before the source, so that a change of code leaves this layer as it is.
# Without the extra `desk`: migrations are checked where they are written.
COPY requirements.lock .
RUN pip install --no-deps --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-deps .

FROM python:3.13-slim-trixie
# By number, so that an orchestrator sees that it is not root; with a name, because PostgreSQL
# wants one for whoever runs it.
RUN groupadd --gid 10001 tripsync \
    && useradd --uid 10001 --gid tripsync --home-dir /data --no-create-home tripsync \
    && install -d -o tripsync -g tripsync /data
COPY --from=build /opt/tripsync /opt/tripsync
# Production refuses to start without a SECRET_KEY; docker-compose.yml says development. Metrics,
# where METRICS_PORT asks for them, are for another container: that port is not to be published.
ENV PATH=/opt/tripsync/bin:$PATH ENVIRONMENT=production HOST=0.0.0.0 METRICS_HOST=0.0.0.0 \
    TRIPSYNC_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
# /live and not /ready: who is unhealthy gets replaced, and that helps a process that hangs, but
# not one whose database is away or that is draining. The port opens only once the database was
# there with the right schema, so the first success still means that requests are served.
# No proxy: one that is set for the container would be asked for 127.0.0.1.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from os import environ; from urllib.request import *; build_opener(ProxyHandler({})).open('http://127.0.0.1:' + (environ.get('PORT') or '8000') + '/api/health/live', timeout=4)"]
CMD ["tripsync", "serve"]
