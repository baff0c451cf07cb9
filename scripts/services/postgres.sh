#!/usr/bin/env bash
# PostgreSQL, in the version of the distribution. Exports POSTGRES_URL.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=postgres
port POSTGRES_PORT 15432
user=app password=app-pw database=app
ready_seconds=30

# Prints the folder of the newest server. Debian does not put server programs into the PATH.
programs() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [[ -x $found/postgres ]] && echo "$found"
}

install_service() {
    ! programs >/dev/null || return 0
    if ((EUID == 0)) && [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
        # Keeps the package from creating a cluster.
        mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
    apt_install postgresql
    programs >/dev/null || fail "the packages are installed, but no server is below /usr/lib/postgresql"
}

start_service() {
    local bin
    bin=$(programs) || fail "is not installed"
    account postgres
    if [[ ! -s $dir/data/PG_VERSION ]]; then
        rm -rf "$dir/data"
        mkdir "$dir/data"
        printf %s "$password" >"$dir/password"
        own postgres "$dir/data" "$dir/password"
        "${as[@]}" "$bin/initdb" -D "$dir/data" -U "$user" --pwfile="$dir/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync \
            >"$dir/initdb.log" 2>&1 || {
            show_log initdb
            fail "initdb failed"
        }
    fi
    # A killed server leaves this file, and its process id seems alive until its parent has reaped it.
    rm -f "$dir/data/postmaster.pid"
    # Statements without their values, which the tests of masking compare with. Some distributions have the library in another package.
    local statistics=()
    [[ ! -e $bin/../lib/pg_stat_statements.so ]] ||
        statistics=(-c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.save=off)
    # No Unix socket, since its path may be too long. Without fsync the data survive a killed server, but not a crash of the machine.
    launch postgres "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$POSTGRES_PORT" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=100 \
        "${statistics[@]}"
}

query() {
    PGPASSWORD=$password PGCONNECT_TIMEOUT=5 psql -h 127.0.0.1 -p "$POSTGRES_PORT" -U "$user" -v ON_ERROR_STOP=1 -qAtX "$@"
}

ready() {
    local there
    there=$(query -d postgres -c "select count(*) from pg_database where datname = '$database'") || return 1
    [[ $there == 1 ]] || query -d postgres -c "create database \"$database\""
}

check_service() {
    query -d "$database" -c 'create temporary table numbers (n int); insert into numbers values (41); select n + 1, version() from numbers'
}

addresses() { address POSTGRES_URL "postgres://$user:$password@127.0.0.1:$POSTGRES_PORT/$database"; }

# The fast shutdown, which does not wait for clients to disconnect.
stop_service() { end postgres INT 20; }

main "$@"
