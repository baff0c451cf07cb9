#!/usr/bin/env bash
# Datadog's test agent, from the Python registry. It keeps the traces that it receives, and runs its checks on each request.
# Exports DD_TEST_AGENT_URL, and DD_TEST_AGENT_SOCKET, a Unix socket of the same agent.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=ddapm
port DDAPM_PORT 18126
port DDAPM_OTLP_PORT 18127
port DDAPM_OTLP_GRPC_PORT 18128
version=1.69.1
agent=$software/ddapm/python/bin/ddapm-test-agent
checks=trace_count_header,meta_tracer_version_header,trace_content_length,trace_stall,trace_peer_service,trace_dd_service
ready_seconds=30

install_service() {
    need curl curl
    mkdir -p "$software/ddapm"
    python_with "$software/ddapm/python" "ddapm-test-agent==$version"
}

# Python's default buffering would keep the log back. The agent creates its folders in the current one.
start_service() {
    [[ -x $agent ]] || fail "is not installed"
    mkdir -p "$dir/snapshots"
    cd "$dir"
    launch ddapm env PYTHONUNBUFFERED=1 "ENABLED_CHECKS=$checks,meta_events_is_valid_json" DD_POOL_TRACE_CHECK_FAILURES=true \
        "DD_APM_RECEIVER_SOCKET=$dir/apm.socket" "SNAPSHOT_DIR=$dir/snapshots" "$agent" --host 127.0.0.1 --port "$DDAPM_PORT" \
        --otlp-http-port "$DDAPM_OTLP_PORT" --otlp-grpc-port "$DDAPM_OTLP_GRPC_PORT"
}

ready() { curl -fsS -m 5 "http://127.0.0.1:$DDAPM_PORT/info"; }

check_service() {
    local url="http://127.0.0.1:$DDAPM_PORT" span
    span=$((RANDOM + 1))
    curl -fsS -m 10 -o /dev/null -X PUT -H 'Content-Type: application/json' -H 'X-Datadog-Trace-Count: 1' \
        -H 'Datadog-Meta-Tracer-Version: 1' -H 'X-Datadog-Test-Session-Token: check' "$url/v0.4/traces" -d "[[{\"name\": \"check\",
        \"trace_id\": $span, \"span_id\": $span, \"parent_id\": 0, \"start\": $(date +%s)000000000, \"duration\": 1000}]]"
    curl -fsS -m 5 "$url/test/session/traces?test_session_token=check"
    echo
}

addresses() {
    address DD_TEST_AGENT_URL "http://127.0.0.1:$DDAPM_PORT"
    address DD_TEST_AGENT_SOCKET "$dir/apm.socket"
}

stop_service() { end ddapm TERM 10; }

main "$@"
