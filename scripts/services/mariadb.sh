#!/usr/bin/env bash
# MariaDB, in the version of the distribution. Exports MYSQL_URL.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=mariadb
port MARIADB_PORT 13306
user=app password=app-pw database=app
ready_seconds=60

install_service() { need mariadbd mariadb-server; }

start_service() {
    local as_user=()
    ((EUID != 0)) || as_user=(--user=mysql)
    command -v mariadbd >/dev/null || fail "is not installed"
    mkdir -p "$dir/tmp"
    # The account is bound to the address, so that no name is resolved.
    cat >"$dir/accounts.sql" <<SQL
CREATE DATABASE IF NOT EXISTS \`$database\` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '$user'@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON \`$database\`.* TO '$user'@'127.0.0.1';
GRANT SELECT, DROP ON performance_schema.events_statements_summary_by_digest TO '$user'@'127.0.0.1';
SQL
    own mysql "$dir/tmp" "$dir/accounts.sql"
    # --no-defaults must come first, otherwise the settings of a system-wide server apply.
    if [[ ! -d $dir/data/mysql ]]; then
        rm -rf "$dir/data"
        mkdir "$dir/data"
        own mysql "$dir/data"
        mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$dir/data" --tmpdir="$dir/tmp" --skip-test-db \
            --auth-root-authentication-method=normal --skip-name-resolve >"$dir/install-db.log" 2>&1 || {
            show_log install-db
            fail "mariadb-install-db failed"
        }
    fi
    # Only the statements without their values, which the tests of masking compare with. The rest would cost memory.
    local performance_schema=(
        --performance-schema=ON --performance-schema-digests-size=2000 --max-digest-length=8192 --performance-schema-max-digest-length=8192 --performance-schema-max-table-instances=64
        --performance-schema-max-table-handles=64 --performance-schema-max-index-stat=0 --performance-schema-max-table-lock-stat=0
        --performance-schema-max-mutex-instances=0 --performance-schema-max-rwlock-instances=0
        --performance-schema-max-cond-instances=0 --performance-schema-max-file-instances=0
        --performance-schema-max-memory-classes=0 --performance-schema-max-metadata-locks=0
        --performance-schema-max-thread-instances=64
    )
    launch mariadb mariadbd --no-defaults "${as_user[@]}" --datadir="$dir/data" --tmpdir="$dir/tmp" --socket="$dir/tmp/socket" \
        --pid-file="$dir/tmp/pid" --bind-address=127.0.0.1 --port="$MARIADB_PORT" --skip-name-resolve --init-file="$dir/accounts.sql" \
        --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=0 "${performance_schema[@]}"
}

query() {
    MYSQL_PWD=$password mariadb --no-defaults -h 127.0.0.1 -P "$MARIADB_PORT" --protocol=tcp --connect-timeout=5 -u "$user" -N -B "$database" "$@"
}

# Uses the account of the tests, so it succeeds only after accounts.sql has run.
ready() { query -e 'select 1'; }

check_service() { query -e 'create temporary table numbers (n int); insert into numbers values (41); select n + 1, version() from numbers'; }

addresses() { address MYSQL_URL "mysql://$user:$password@127.0.0.1:$MARIADB_PORT/$database"; }

stop_service() { end mariadb TERM 30; }

main "$@"
