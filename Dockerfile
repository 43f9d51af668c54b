# syntax=docker/dockerfile:1
# The product in one image: a binary and its site on a base without a shell.
# docker build -t millrace . && docker run -p 127.0.0.1:3000:3000 -v millrace:/data millrace

# The same Debian that the last stage is made from, so that both have one glibc.
FROM node:22-bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
ENV MILLRACE_CACHE=/cache CARGO_HOME=/cache/cargo
WORKDIR /src

# The tools are slow to build and seldom change: a layer of their own.
COPY scripts/env.sh scripts/setup.sh scripts/
COPY package.json package-lock.json rust-toolchain.toml ./
RUN scripts/setup.sh build

COPY . .
# Compiled dependencies outlive a change of our own code.
RUN --mount=type=cache,target=/cache/target --mount=type=cache,target=/cache/cargo \
    CARGO_TARGET_DIR=/cache/target scripts/build.sh \
 && rm -f dist/.sources \
 && mkdir /empty

# glibc, libgcc and the certificates of public authorities; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/dist /app
COPY LICENSE /app/LICENSE
# A new volume takes the owner of what it covers.
COPY --from=build --chown=65532:65532 /empty /data
ENV MILLRACE_ADDR=0.0.0.0:3000 MILLRACE_DATA=/data MILLRACE_LOG_FORMAT=json
USER 65532:65532
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=20s --retries=3 CMD ["/app/millrace", "health"]
ENTRYPOINT ["/app/millrace"]
CMD ["serve"]
