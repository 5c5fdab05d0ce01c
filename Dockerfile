# syntax=docker/dockerfile:1

# Rust builds the program; Node.js bundles the JavaScript that is part of it.
FROM node:20-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
WORKDIR /source
COPY . .
RUN cargo build --release --locked -p hookstead \
    && target/release/hookstead licenses > /THIRD_PARTY_NOTICES \
    && install -d -o 10001 -g 10001 /data

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /source/target/release/hookstead /usr/local/bin/hookstead
COPY --from=build /THIRD_PARTY_NOTICES /source/LICENSE /usr/share/doc/hookstead/
# A new volume takes over the owner of the folder that it covers.
COPY --from=build /data /data
USER 10001:10001
ENV HOOKSTEAD_LISTEN=0.0.0.0:7080 \
    HOOKSTEAD_DATA_DIR=/data \
    HOOKSTEAD_APP_DIR=/app
VOLUME /data
EXPOSE 7080
STOPSIGNAL SIGTERM
ENTRYPOINT ["hookstead"]
CMD ["serve"]
