#!/usr/bin/env bash
# RabbitMQ, in the version of the distribution, with its own epmd (Erlang's node registry). Exports AMQP_URL, and AMQP_PYTHON, a Python
# with the client pika.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=rabbitmq
port RABBITMQ_PORT 15670
port RABBITMQ_NODE_TO_NODE_PORT 15669
port RABBITMQ_EPMD_PORT 14369
user=app password=app-pw
# The programs themselves. Those in the PATH are wrappers for the system-wide server.
programs=/usr/lib/rabbitmq/bin
ready_seconds=90

install_service() {
    [[ -x $programs/rabbitmq-server ]] || apt_install rabbitmq-server
    [[ -x $programs/rabbitmq-server ]] || fail "the package is installed, but has no $programs/rabbitmq-server"
    python_with "$software/rabbitmq/python" pika==1.4.4
}

# Sets `node` to the words before a command for this node: the account, and an environment without settings of a system-wide server. The
# node is named after localhost, so that the host name need not resolve.
node() {
    local loopback='-kernel inet_dist_use_interface {127,0,0,1}'
    account rabbitmq
    node=("${as[@]}" env -i PATH="$PATH" LANG=C.UTF-8 HOME="$dir/home"
        RABBITMQ_NODENAME=tests@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$RABBITMQ_PORT"
        RABBITMQ_DIST_PORT="$RABBITMQ_NODE_TO_NODE_PORT" ERL_EPMD_PORT="$RABBITMQ_EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1
        RABBITMQ_MNESIA_BASE="$dir/home/mnesia" RABBITMQ_LOG_BASE="$dir/home/log" RABBITMQ_LOGS=-
        RABBITMQ_CONFIG_FILE="$dir/home/rabbitmq.conf" RABBITMQ_CONF_ENV_FILE="$dir/home/none"
        RABBITMQ_ADVANCED_CONFIG_FILE="$dir/home/advanced.config" RABBITMQ_GENERATED_CONFIG_DIR="$dir/home/generated"
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/home/enabled_plugins" RABBITMQ_PID_FILE="$dir/home/pid"
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$loopback +S 2:2 +sbwt none" RABBITMQ_CTL_ERL_ARGS="$loopback")
}

start_service() {
    local home=$dir/home epmd
    [[ -x $programs/rabbitmq-server ]] || fail "is not installed"
    mkdir -p "$home/mnesia" "$home/log" "$home/generated"
    cat >"$home/rabbitmq.conf" <<CONF
listeners.tcp.default = 127.0.0.1:$RABBITMQ_PORT
default_user = $user
default_pass = $password
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 512MB
log.console = true
log.console.level = info
CONF
    echo '[].' >"$home/enabled_plugins"
    echo '[].' >"$home/advanced.config"
    [[ -s $home/.erlang.cookie ]] || random_hex 20 >"$home/.erlang.cookie"
    chmod 400 "$home/.erlang.cookie"
    own rabbitmq "$home"
    node
    # Otherwise Erlang starts an epmd that outlives the broker.
    epmd=$(command -v epmd)
    running epmd >/dev/null || launch epmd "${as[@]}" "$epmd" -port "$RABBITMQ_EPMD_PORT" -address 127.0.0.1
    wait_until 10 epmd tcp_open "$RABBITMQ_EPMD_PORT"
    launch rabbitmq "${node[@]}" "$programs/rabbitmq-server"
}

# Sends the protocol header of AMQP 0-9-1 and expects Connection.Start on channel 0.
ready() {
    local answer
    answer=$(
        exec 3<>"/dev/tcp/127.0.0.1/$RABBITMQ_PORT" || exit
        printf 'AMQP\0\0\11\1' >&3
        timeout 3 head -c 11 <&3 | od -An -v -tx1 | tr -d ' \n'
    )
    [[ ${answer:0:6} == 010000 && ${answer:14:8} == 000a000a ]]
}

check_service() {
    node
    "${node[@]}" "$programs/rabbitmqctl" -q authenticate_user "$user" "$password"
    "${node[@]}" "$programs/rabbitmqctl" -q status | grep -E 'RabbitMQ version|Erlang configuration|Interface'
}

addresses() {
    address AMQP_URL "amqp://$user:$password@127.0.0.1:$RABBITMQ_PORT/%2f"
    address AMQP_PYTHON "$software/rabbitmq/python/bin/python"
}

stop_service() {
    end rabbitmq TERM 30
    end epmd TERM 5
}

main "$@"
