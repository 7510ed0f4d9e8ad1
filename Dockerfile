# The gateway's image. Unlike the default build it uses the system's libpq, which speaks TLS to PostgreSQL.
FROM rust:1-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked --no-default-features

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libpq5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/diglot --create-home diglot
COPY --from=build /src/target/dist/diglot /usr/local/bin/diglot
USER diglot
WORKDIR /var/lib/diglot
# 8080 app face and /user, 8081 web face, 9090 health: keep the last one inside.
ENV DIGLOT_LISTEN=0.0.0.0:8080 DIGLOT_WEB_LISTEN=0.0.0.0:8081 DIGLOT_OPS_LISTEN=0.0.0.0:9090
EXPOSE 8080 8081 9090
ENTRYPOINT ["diglot"]
CMD ["serve"]
