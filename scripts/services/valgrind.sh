#!/usr/bin/env bash
# Valgrind. No server, but a test runs a part of itself under it. Exports VALGRIND.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=valgrind
ready_seconds=10

install_service() { need valgrind valgrind; }

start_service() {
    command -v valgrind >/dev/null || fail "is not installed"
}

ready() { valgrind --version; }

check_service() { valgrind --quiet --error-exitcode=1 true && valgrind --version; }

addresses() { address VALGRIND "$(command -v valgrind)"; }

stop_service() { :; }

main "$@"
