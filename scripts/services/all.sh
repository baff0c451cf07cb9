#!/usr/bin/env bash
# All services, or those that are named: all.sh COMMAND [SERVICE…]. The commands and settings are those of each service's script.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=${1:?install, start, wait, up, check, env, stop, kill or down}
shift
(($#)) || set -- postgres mariadb rabbitmq kafka zipkin otelcol jaeger grpcio valgrind

each() {
    local command=$1 service
    shift
    for service; do
        "$here/$service.sh" "$command"
    done
}

# What is compiled takes longest, and runs behind what is downloaded.
install() {
    local service compiled=() downloaded=() background
    for service; do
        case $service in
            otelcol | jaeger) compiled+=("$service") ;;
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
