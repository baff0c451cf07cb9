#!/usr/bin/env bash
# Prometheus from Debian, without targets and rules of its own. It reads targets from files that tests write to a folder, and rules from
# another folder when it is told to reload. It scrapes and evaluates each second.
# Exports PROMETHEUS_URL, PROMETHEUS_TARGETS (folder of *.json), PROMETHEUS_RULES (folder of *.yaml), PROMTOOL.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=prometheus
port PROMETHEUS_PORT 19090
ready_seconds=60

install_service() {
    need curl curl
    need prometheus prometheus
}

start_service() {
    command -v prometheus >/dev/null || fail "is not installed"
    mkdir -p "$dir/targets" "$dir/rules" "$dir/data"
    cat >"$dir/prometheus.yaml" <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: ["$dir/rules/*.yaml"]
scrape_configs:
  - job_name: test
    honor_labels: true
    file_sd_configs: [{files: ["$dir/targets/*.json"], refresh_interval: 1s}]
YAML
    launch prometheus prometheus --config.file="$dir/prometheus.yaml" --storage.tsdb.path="$dir/data" \
        --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --web.enable-lifecycle --enable-feature=exemplar-storage
}

ready() { curl -fsS -m 5 "http://127.0.0.1:$PROMETHEUS_PORT/-/ready"; }

# Scrapes itself.
check_service() {
    local query="http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query?query=up==1"
    echo "[{\"targets\": [\"127.0.0.1:$PROMETHEUS_PORT\"]}]" >"$dir/targets/check.json"
    is_up() { curl -fsS -m 5 "$query" | grep '"value"'; }
    wait_until 20 prometheus is_up
    is_up
    rm "$dir/targets/check.json"
}

addresses() {
    address PROMETHEUS_URL "http://127.0.0.1:$PROMETHEUS_PORT"
    address PROMETHEUS_TARGETS "$dir/targets"
    address PROMETHEUS_RULES "$dir/rules"
    address PROMTOOL "$(command -v promtool)"
}

stop_service() { end prometheus TERM 30; }

main "$@"
