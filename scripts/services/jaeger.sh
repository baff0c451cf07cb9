#!/usr/bin/env bash
# Jaeger v1 with an in-memory store, built from jaeger/ with Go. It has the HTTP API, but no user interface.
# Exports JAEGER_URL (collector: /api/traces takes Thrift), JAEGER_QUERY (query API: /api/traces/ID), JAEGER_AGENT and
# JAEGER_AGENT_BINARY (agent: host:port for compact and for binary Thrift over UDP), JAEGER_SAMPLING (agent: /sampling?service=NAME),
# JAEGER_GRPC_URL (collector: gRPC, also for sampling), JAEGER_OTLP_URL and JAEGER_OTLP_GRPC_URL (OTLP over HTTP and gRPC), JAEGER_ZIPKIN_URL (Zipkin's API for spans).

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=jaeger
port JAEGER_QUERY_PORT 26686
port JAEGER_QUERY_GRPC_PORT 26685
port JAEGER_COLLECTOR_PORT 24268
port JAEGER_COLLECTOR_GRPC_PORT 24250
port JAEGER_OTLP_PORT 24318
port JAEGER_OTLP_GRPC_PORT 24317
port JAEGER_ZIPKIN_PORT 29411
port JAEGER_AGENT_PORT 26831
port JAEGER_AGENT_BINARY_PORT 26832
port JAEGER_AGENT_ZIPKIN_PORT 25775
port JAEGER_SAMPLING_PORT 25778
port JAEGER_ADMIN_PORT 24269
binary=$software/jaeger/jaeger
ready_seconds=30

install_service() {
    need curl curl
    go_build jaeger "$binary"
}

# Most listeners use all interfaces by default, so each address is given. Jaeger would also trace its own queries.
start_service() {
    local at=127.0.0.1
    [[ -x $binary ]] || fail "is not installed"
    launch jaeger env SPAN_STORAGE_TYPE=memory OTEL_TRACES_SAMPLER=always_off "$binary" \
        --memory.max-traces=20000 --query.enable-tracing=false --collector.otlp.enabled=true \
        --query.http-server.host-port="$at:$JAEGER_QUERY_PORT" \
        --query.grpc-server.host-port="$at:$JAEGER_QUERY_GRPC_PORT" \
        --collector.http-server.host-port="$at:$JAEGER_COLLECTOR_PORT" \
        --collector.grpc-server.host-port="$at:$JAEGER_COLLECTOR_GRPC_PORT" \
        --collector.otlp.http.host-port="$at:$JAEGER_OTLP_PORT" \
        --collector.otlp.grpc.host-port="$at:$JAEGER_OTLP_GRPC_PORT" \
        --collector.zipkin.host-port="$at:$JAEGER_ZIPKIN_PORT" \
        --processor.jaeger-compact.server-host-port="$at:$JAEGER_AGENT_PORT" \
        --processor.jaeger-binary.server-host-port="$at:$JAEGER_AGENT_BINARY_PORT" \
        --processor.zipkin-compact.server-host-port="$at:$JAEGER_AGENT_ZIPKIN_PORT" \
        --http-server.host-port="$at:$JAEGER_SAMPLING_PORT" \
        --reporter.grpc.host-port="$at:$JAEGER_COLLECTOR_GRPC_PORT" \
        --admin.http.host-port="$at:$JAEGER_ADMIN_PORT"
}

ready() {
    curl -fsS -m 5 "http://127.0.0.1:$JAEGER_ADMIN_PORT/" && curl -fsS -m 5 "http://127.0.0.1:$JAEGER_QUERY_PORT/api/services"
}

check_service() {
    local trace
    trace=$(random_hex 16)
    post_otlp "http://127.0.0.1:$JAEGER_OTLP_PORT" "$trace"
    wait_until 10 jaeger curl -fsS -m 5 "http://127.0.0.1:$JAEGER_QUERY_PORT/api/traces/$trace"
    curl -fsS -m 5 "http://127.0.0.1:$JAEGER_QUERY_PORT/api/traces/$trace"
    echo
}

addresses() {
    address JAEGER_URL "http://127.0.0.1:$JAEGER_COLLECTOR_PORT"
    address JAEGER_QUERY "http://127.0.0.1:$JAEGER_QUERY_PORT"
    address JAEGER_AGENT "127.0.0.1:$JAEGER_AGENT_PORT"
    address JAEGER_AGENT_BINARY "127.0.0.1:$JAEGER_AGENT_BINARY_PORT"
    address JAEGER_SAMPLING "http://127.0.0.1:$JAEGER_SAMPLING_PORT"
    address JAEGER_GRPC_URL "http://127.0.0.1:$JAEGER_COLLECTOR_GRPC_PORT"
    address JAEGER_OTLP_URL "http://127.0.0.1:$JAEGER_OTLP_PORT"
    address JAEGER_OTLP_GRPC_URL "http://127.0.0.1:$JAEGER_OTLP_GRPC_PORT"
    address JAEGER_ZIPKIN_URL "http://127.0.0.1:$JAEGER_ZIPKIN_PORT"
}

stop_service() { end jaeger TERM 20; }

main "$@"
