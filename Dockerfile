# The server as an image: docker build -t mind .
# No settings are baked in but where it listens; docker-compose.yml shows the rest.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# Without default features: an image never downloads a database of its own.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --no-default-features --bin mind \
    && cp target/release/mind /usr/local/bin/mind

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/mind --create-home mind \
    && install --directory --owner=mind --group=mind --mode=0700 /var/lib/mind/storage
COPY --from=build /usr/local/bin/mind /usr/local/bin/mind
COPY LICENSE /usr/share/doc/mind/LICENSE
ENV MIND_ENV=production \
    MIND_LISTEN=0.0.0.0:8080 \
    MIND_ADMIN_LISTEN=0.0.0.0:9464 \
    MIND_STORAGE_URL=file:///var/lib/mind/storage
USER 10001:10001
WORKDIR /var/lib/mind
EXPOSE 8080 9464
ENTRYPOINT ["mind"]
CMD ["serve"]
