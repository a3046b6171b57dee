# The gateway as an image: one program, its shared libraries, one writable volume.
#
#   docker build -t multihub --build-arg REVISION=$(git rev-parse HEAD) .
#   docker run --read-only -v multihub:/var/lib/multihub -p 8080:8080 multihub serve --sandbox
#
# Everything it needs to know comes by MULTIHUB_... variables or by a file mounted over /etc/multihub/multihub.yaml.
# `./dev image` builds it without a container engine and runs a payment through it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# The packages change seldom: this layer stays while only sources change.
COPY dev ./
RUN ./dev packages
COPY . .
RUN ./dev build && DESTDIR=/stage cmake --install build/release --prefix /usr/local --component runtime --strip

FROM ${BASE}
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="multihub" \
      org.opencontainers.image.description="A self-hosted payment gateway with the multihub v1 merchant API" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"

# The libraries that `ldd` names, and the authorities that vouch for https receivers of webhooks. The volume belongs to
# the user the gateway runs as; its number is part of the image's promise, since volumes outlive images.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates libcurl4 libfmt9 libjemalloc2 libmariadb3 libpistache0 libprometheus-cpp-core1.0 libsoci-core4.0 \
      libsoci-mysql4.0 libsoci-sqlite3-4.0 libspdlog1.10 libsqlite3-0 libssl3 libyaml-cpp0.7 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 multihub \
 && useradd --uid 10001 --gid multihub --no-create-home --home-dir /var/lib/multihub --shell /usr/sbin/nologin multihub \
 && install -d -o multihub -g multihub -m 0700 /var/lib/multihub
COPY --from=build /stage/ /
COPY deploy/image/multihub.yaml /etc/multihub/multihub.yaml

# By number: Kubernetes can only tell from a number that it is not root.
USER 10001:10001
WORKDIR /var/lib/multihub
VOLUME /var/lib/multihub
# Merchants; the operator's monitoring, which is not to be published.
EXPOSE 8080 9090
STOPSIGNAL SIGTERM

# Without a shell in between, so that the gateway is the first process and SIGTERM reaches it. After it the gateway
# answers what it has taken, for up to 25 s: give it 30 (docker run --stop-timeout 30).
ENTRYPOINT ["/usr/local/bin/multihub", "--config", "/etc/multihub/multihub.yaml"]
CMD ["serve"]

# Asks /readyz where the configuration says it is; --ops-listen, which it cannot see, is not for containers.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/multihub", "--config", "/etc/multihub/multihub.yaml", "healthcheck"]
