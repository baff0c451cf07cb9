#!/usr/bin/env bash
# Zipkin with an in-memory store, from Maven Central. Exports ZIPKIN_URL, with the user interface at /zipkin/.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=zipkin
port ZIPKIN_PORT 19411
version=3.6.1
# The slim build has no other stores, and only the HTTP collector. API and user interface are the same.
jar=$software/zipkin/zipkin-server-$version-slim.jar
ready_seconds=90

install_service() {
    need java default-jre-headless
    need curl curl
    [[ ! -s $jar ]] || return 0
    need mvn maven default-jre-headless
    mkdir -p "$software/zipkin/new"
    maven copy "-Dartifact=io.zipkin:zipkin-server:$version:jar:slim" "-DoutputDirectory=$software/zipkin/new"
    mv "$software/zipkin/new/"*.jar "$jar"
}

start_service() {
    [[ -s $jar ]] || fail "is not installed"
    # Zipkin has a variable for its port, but none for its address.
    launch zipkin env STORAGE_TYPE=mem "QUERY_PORT=$ZIPKIN_PORT" java -Xms64m -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        "-Darmeria.ports[0].address=127.0.0.1" "-Darmeria.ports[0].port=$ZIPKIN_PORT" "-Darmeria.ports[0].protocols[0]=http" -jar "$jar"
}

ready() { curl -fsS -m 5 "http://127.0.0.1:$ZIPKIN_PORT/health"; }

# Zipkin accepts spans before they can be queried.
check_service() {
    local trace
    trace=$(random_hex 16)
    curl -fsS -m 10 -H 'Content-Type: application/json' "http://127.0.0.1:$ZIPKIN_PORT/api/v2/spans" -d "[{
        \"traceId\": \"$trace\", \"id\": \"${trace:0:16}\", \"name\": \"check\", \"timestamp\": $(date +%s%6N), \"duration\": 1000,
        \"localEndpoint\": {\"serviceName\": \"check\"}}]"
    wait_until 10 zipkin curl -fsS -m 5 "http://127.0.0.1:$ZIPKIN_PORT/api/v2/trace/$trace"
    curl -fsS -m 5 "http://127.0.0.1:$ZIPKIN_PORT/api/v2/trace/$trace"
    echo
}

addresses() { address ZIPKIN_URL "http://127.0.0.1:$ZIPKIN_PORT"; }

stop_service() { end zipkin TERM 20; }

main "$@"
