# shellcheck shell=bash
# Shared functions of the scripts, which source this file after `set -euo pipefail`. Changes to the root of the workspace.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

# The target folder of cargo, as an absolute path.
target=${CARGO_TARGET_DIR:-target}
[[ $target == /* ]] || target=$root/$target

# A slow registry must not fail a run.
export CARGO_NET_RETRY=${CARGO_NET_RETRY:-10}

# step NAME COMMAND…
# Runs a command under a heading and prints its duration. A failing command ends the script.
step() {
    current_step=$1
    local started=$SECONDS
    shift
    printf '\n== %s\n' "$current_step"
    "$@"
    printf '== %s: %d s\n' "$current_step" $((SECONDS - started))
    current_step=
}

current_step=
cleanup=()

# Prints the name of a failed step, then runs the commands in `cleanup`, last first.
finish() {
    local status=$? index
    if ((status != 0)) && [[ -n $current_step ]]; then
        printf '== %s: FAILED\n' "$current_step" >&2
    fi
    for ((index = ${#cleanup[@]} - 1; index >= 0; index--)); do
        eval "${cleanup[index]}" || true
    done
}
trap finish EXIT

# Prints the name of each member that declares features, one per line.
crates_with_features() {
    local manifest
    for manifest in */Cargo.toml; do
        if grep -q '^\[features\]' "$manifest"; then
            dirname "$manifest"
        fi
    done
}

# Prints the name of each published member, one per line.
published_crates() {
    local manifest
    for manifest in */Cargo.toml; do
        if ! grep -q '^publish = false' "$manifest"; then
            dirname "$manifest"
        fi
    done
}

# features_of CRATE
# Prints the features that a member declares, one per line. Optional dependencies use `dep:` and are not features.
features_of() {
    awk '/^\[/ { inside = ($0 == "[features]") }
         inside && /^[A-Za-z0-9_-]+ *=/ { sub(/ *=.*/, ""); if ($0 != "default") print }' "$1/Cargo.toml"
}
