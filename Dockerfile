# tqdb-server and the tqdb command line on Debian 12.
#
#   docker build -t tqdb --build-arg COMMIT=$(git rev-parse --short=12 HEAD) .
#   docker run -d --name tqdb -p 127.0.0.1:6334:6334 -p 127.0.0.1:6333:6333 -v tqdb:/var/lib/tqdb tqdb
#   docker exec tqdb tqdb list
#
# or deploy/compose.yaml. As it stands nothing asks who calls: before the ports are published to
# others, give the server a certificate and API keys (docs/operations.md, Security). With buildah or
# podman, --format docker keeps the health check. --build-arg TQDB_JOBS=1 for a small machine.

FROM debian:bookworm-slim AS build
WORKDIR /src
# The packages first: this layer is built again only when the list changes.
COPY deploy/packages deploy/install-packages deploy/
RUN deploy/install-packages build
COPY . .
ARG COMMIT=unknown
ARG TQDB_JOBS
RUN deploy/build release -DTQDB_BUILD_TESTS=OFF -DTQDB_BUILD_BENCH=OFF -DTQDB_COMMIT=$COMMIT \
      tqdb-server tqdb \
 && install -D -t /out/bin -s build/release/server/tqdb-server build/release/client/tqdb \
 && deploy/runtime-packages /out/bin/* > /out/packages

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="tqdb" \
      org.opencontainers.image.description="Embedding vector database with TurboQuant codes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/packages /usr/share/tqdb/packages
# The numbers are fixed, so that a volume keeps its owner from one image to the next.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive xargs -a /usr/share/tqdb/packages \
      apt-get install -qq -y --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
 && groupadd --gid 6334 tqdb \
 && useradd --uid 6334 --gid 6334 --home-dir /var/lib/tqdb --no-create-home \
      --shell /usr/sbin/nologin tqdb \
 && install -d -o tqdb -g tqdb -m 0750 /var/lib/tqdb
COPY --from=build /out/bin/ /usr/local/bin/
USER 6334:6334
WORKDIR /var/lib/tqdb
VOLUME /var/lib/tqdb
# gRPC, and HTTP for metrics and health.
EXPOSE 6334 6333
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["tqdb", "--address", "127.0.0.1:6334", "ping"]
ENTRYPOINT ["tqdb-server", "--data-dir", "/var/lib/tqdb", "--listen", "0.0.0.0"]
