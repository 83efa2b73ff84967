# Build for x86-64 and arm64: docker buildx build --platform linux/amd64,linux/arm64 .
# The install steps are those of `make setup` (.ci/install-python).
FROM python:3.13-slim AS build
WORKDIR /src
COPY .ci/install-python .ci/install-python
COPY pyproject.toml requirements.lock README.md ./
COPY gateway gateway
COPY adapters adapters
COPY aas_models aas_models
COPY simulators simulators
RUN PYTHON=python3 sh .ci/install-python /opt/gateway requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin gateway \
 && install -d -o gateway -g gateway /data
COPY --from=build /opt/gateway /opt/gateway
COPY config /config
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GATEWAY_LOG=json
USER 10001
# The root file system may be read-only: everything the gateway writes is under /data.
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["gateway", "ping", "--data", "/data"]
ENTRYPOINT ["gateway"]
CMD ["run", "/config", "--data", "/data"]
