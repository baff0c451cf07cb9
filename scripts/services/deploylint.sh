#!/usr/bin/env bash
# Checks of what is deployed. No server: a program built from deploylint/ with Go for Compose files and Grafana dashboards, and from the
# Python registry validators of Kubernetes manifests and of YAML. Exports DEPLOY_LINT, KUBERNETES_VALIDATE, YAMLLINT.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=deploylint
binary=$software/deploylint/deploylint
python=$software/deploylint/python/bin
ready_seconds=10

install_service() {
    mkdir -p "$software/deploylint"
    go_build deploylint "$binary"
    python_with "$software/deploylint/python" kubernetes-validate==1.37.0 yamllint==1.37.1
}

start_service() {
    [[ -x $binary && -x $python/kubernetes-validate && -x $python/yamllint ]] || fail "is not installed"
}

ready() { "$python/yamllint" --version; }

check_service() { "$binary" compose "$root/deploy/compose.yaml" && echo "deploy/compose.yaml is valid"; }

addresses() {
    address DEPLOY_LINT "$binary"
    address KUBERNETES_VALIDATE "$python/kubernetes-validate"
    address YAMLLINT "$python/yamllint"
}

stop_service() { :; }

main "$@"
