#!/usr/bin/env bash
# The OpenTelemetry Collector, built from otelcol/ with Go. It appends each ExportTraceServiceRequest to a file, as one JSON object per
# line. The file stays until `down`.
# Exports OTLP_URL (OTLP over HTTP), OTLP_GRPC_URL, OTELCOL_SPANS (the file), OTELCOL_ZIPKIN_URL (/api/v2/spans),
# OTELCOL_JAEGER_URL (/api/traces takes Thrift), OTELCOL_JAEGER_AGENT (host:port for compact Thrift over UDP).
# OTELCOL_LIGHTSTEP_URL and OTELCOL_LIGHTSTEP_GRPC_URL take OTLP only with the token `secret` in the header `lightstep-access-token`, the
# first with Lightstep's path /traces/otlp/v0.9. OTELCOL_BEARER_URL and OTELCOL_BEARER_GRPC_URL take it only as a bearer token.
# OTELCOL is the program itself, for tests that run several of it with the configurations in deploy/collector.
# With KAFKA_BROKERS in the environment of `start` it also writes to the topic `otlp_spans` there.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=otelcol
port OTELCOL_HTTP_PORT 14318
port OTELCOL_GRPC_PORT 14317
port OTELCOL_ZIPKIN_PORT 19412
port OTELCOL_JAEGER_PORT 14268
port OTELCOL_JAEGER_AGENT_PORT 16831
port OTELCOL_LIGHTSTEP_PORT 14320
port OTELCOL_LIGHTSTEP_GRPC_PORT 14319
port OTELCOL_BEARER_PORT 14322
port OTELCOL_BEARER_GRPC_PORT 14321
port OTELCOL_HEALTH_PORT 13133
binary=$software/otelcol/otelcol
ready_seconds=30

install_service() {
    need curl curl
    go_build otelcol "$binary"
}

# The Collector's own metrics are off, because they would need another port.
start_service() {
    local exporters="[file]" kafka=
    [[ -x $binary ]] || fail "is not installed"
    if [[ -n ${KAFKA_BROKERS-} ]]; then
        exporters="[file, kafka]"
        kafka="kafka: {brokers: [$KAFKA_BROKERS], traces: {topic: otlp_spans, encoding: otlp_json}}"
    fi
    cat >"$dir/config.yaml" <<YAML
extensions:
  health_check: {endpoint: "127.0.0.1:$OTELCOL_HEALTH_PORT"}
  bearertokenauth: {token: secret}
  bearertokenauth/lightstep: {header: lightstep-access-token, scheme: "", token: secret}
receivers:
  otlp:
    protocols:
      http: {endpoint: "127.0.0.1:$OTELCOL_HTTP_PORT"}
      grpc: {endpoint: "127.0.0.1:$OTELCOL_GRPC_PORT"}
  otlp/lightstep:
    protocols:
      http:
        endpoint: "127.0.0.1:$OTELCOL_LIGHTSTEP_PORT"
        traces_url_path: /traces/otlp/v0.9
        auth: {authenticator: bearertokenauth/lightstep}
      grpc: {endpoint: "127.0.0.1:$OTELCOL_LIGHTSTEP_GRPC_PORT", auth: {authenticator: bearertokenauth/lightstep}}
  otlp/bearer:
    protocols:
      http: {endpoint: "127.0.0.1:$OTELCOL_BEARER_PORT", auth: {authenticator: bearertokenauth}}
      grpc: {endpoint: "127.0.0.1:$OTELCOL_BEARER_GRPC_PORT", auth: {authenticator: bearertokenauth}}
  zipkin: {endpoint: "127.0.0.1:$OTELCOL_ZIPKIN_PORT"}
  jaeger:
    protocols:
      thrift_http: {endpoint: "127.0.0.1:$OTELCOL_JAEGER_PORT"}
      thrift_compact: {endpoint: "127.0.0.1:$OTELCOL_JAEGER_AGENT_PORT"}
processors:
  batch: {timeout: 50ms}
exporters:
  file: {path: "$dir/spans.jsonl", flush_interval: 100ms, append: true}
  $kafka
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_check, bearertokenauth, bearertokenauth/lightstep]
  pipelines:
    traces: {receivers: [otlp, otlp/lightstep, otlp/bearer, zipkin, jaeger], processors: [batch], exporters: $exporters}
YAML
    launch otelcol "$binary" --config "$dir/config.yaml"
}

ready() { curl -fsS -m 5 "http://127.0.0.1:$OTELCOL_HEALTH_PORT/"; }

check_service() {
    local trace
    trace=$(random_hex 16)
    post_otlp "http://127.0.0.1:$OTELCOL_HTTP_PORT" "$trace"
    wait_until 10 otelcol grep -q "$trace" "$dir/spans.jsonl"
    grep "$trace" "$dir/spans.jsonl"
}

addresses() {
    address OTLP_URL "http://127.0.0.1:$OTELCOL_HTTP_PORT"
    address OTLP_GRPC_URL "http://127.0.0.1:$OTELCOL_GRPC_PORT"
    address OTELCOL "$binary"
    address OTELCOL_LIGHTSTEP_URL "http://127.0.0.1:$OTELCOL_LIGHTSTEP_PORT"
    address OTELCOL_LIGHTSTEP_GRPC_URL "http://127.0.0.1:$OTELCOL_LIGHTSTEP_GRPC_PORT"
    address OTELCOL_BEARER_URL "http://127.0.0.1:$OTELCOL_BEARER_PORT"
    address OTELCOL_BEARER_GRPC_URL "http://127.0.0.1:$OTELCOL_BEARER_GRPC_PORT"
    address OTELCOL_SPANS "$dir/spans.jsonl"
    address OTELCOL_ZIPKIN_URL "http://127.0.0.1:$OTELCOL_ZIPKIN_PORT"
    address OTELCOL_JAEGER_URL "http://127.0.0.1:$OTELCOL_JAEGER_PORT"
    address OTELCOL_JAEGER_AGENT "127.0.0.1:$OTELCOL_JAEGER_AGENT_PORT"
}

stop_service() { end otelcol TERM 20; }

main "$@"
