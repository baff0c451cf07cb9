#!/usr/bin/env bash
# Runs a command for all services, or for the given ones: all.sh COMMAND [SERVICE…]. Commands and settings are in lib.sh.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=${1:?install, start, wait, up, check, env, stop, kill or down}
shift
(($#)) || set -- postgres mariadb rabbitmq kafka zipkin otelcol jaeger prometheus ddapm grpcio deploylint valgrind chromium

each() {
    local command=$1 service
    shift
    for service; do
        "$here/$service.sh" "$command"
    done
}

# Compiles in the background, which takes longest, while the other services are downloaded.
install() {
    local service compiled=() downloaded=() background
    for service; do
        case $service in
            otelcol | jaeger | deploylint) compiled+=("$service") ;;
            *) downloaded+=("$service") ;;
        esac
    done
    each install "${compiled[@]}" &
    background=$!
    each install "${downloaded[@]}" || {
        wait "$background" || true
        return 1
    }
    wait "$background"
}

case $command in
    install) install "$@" ;;
    up)
        install "$@"
        each start "$@"
        each wait "$@"
        ;;
    *) each "$command" "$@" ;;
esac
