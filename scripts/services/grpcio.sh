#!/usr/bin/env bash
# gRPC for Python. No server, but tests run a peer with it. Exports GRPC_PYTHON, an interpreter with the package.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=grpcio
version=1.85.1
python=$software/grpcio/python/bin/python
ready_seconds=10

install_service() {
    mkdir -p "$software/grpcio"
    python_with "$software/grpcio/python" "grpcio==$version"
}

start_service() {
    [[ -x $python ]] || fail "is not installed"
}

ready() { "$python" -c 'import grpc'; }

check_service() { "$python" -c 'import grpc; print("grpcio", grpc.__version__)'; }

addresses() { address GRPC_PYTHON "$python"; }

stop_service() { :; }

main "$@"
