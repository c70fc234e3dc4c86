# syntax=docker/dockerfile:1

# Two images from one build: "signet" (the provider; the default) and
# "console" (the sample relying app). Both hold one static binary, the
# certificate authorities of the system, and no shell.

FROM golang:1.26.8-alpine AS build
WORKDIR /src
# The dependencies first: they change less often than the source.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/ ./cmd/...
# An empty folder that the image's user owns: a named volume takes its owner over.
RUN mkdir -p /out/data

FROM scratch AS base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# 65532 is "nonroot" by the convention of distroless images. No name is needed.
USER 65532:65532

FROM base AS console
COPY --from=build /out/console /console
EXPOSE 8081
ENTRYPOINT ["/console"]

FROM base AS signet
COPY --from=build /out/signet /signet
COPY --from=build --chown=65532:65532 /out/data /data
# SQLite puts what does not fit into memory here.
COPY --from=build --chown=65532:65532 /out/data /tmp
ENV SIGNET_LISTEN=:8080 \
    SIGNET_METRICS_LISTEN=:9464 \
    SIGNET_DATA=/data \
    SIGNET_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080 9464
# There is no shell and no curl here: the program asks its own /readyz.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --start-interval=500ms \
    CMD ["/signet", "doctor", "--quick"]
ENTRYPOINT ["/signet"]
CMD ["serve"]
