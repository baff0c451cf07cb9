#!/usr/bin/env bash
# Chromium. No server, but tests drive it to look at pages. Exports CHROMIUM.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=chromium
ready_seconds=10

# A font, since Chromium draws no text without one.
install_service() {
    need chromium chromium
    fc-list 2>/dev/null | grep -q . || apt_install fonts-dejavu-core
}

start_service() {
    command -v chromium >/dev/null || fail "is not installed"
}

ready() { chromium --version; }

check_service() {
    chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$dir/profile" --dump-dom 'data:text/html,<p>check</p>' 2>/dev/null |
        grep -F '<p>check</p>'
}

addresses() { address CHROMIUM "$(command -v chromium)"; }

stop_service() { :; }

main "$@"
