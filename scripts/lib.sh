# shellcheck shell=bash
# Sourced by the scripts of the workspace, which set -euo pipefail: goes to the root and provides what they share.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

# Where cargo puts what it builds, as an absolute path.
target=${CARGO_TARGET_DIR:-target}
[[ $target == /* ]] || target=$root/$target

# A registry that answers late must not fail a run.
export CARGO_NET_RETRY=${CARGO_NET_RETRY:-10}

# step NAME COMMAND…
# Runs a command under a heading and tells the seconds it took. A command that fails ends the script.
step() {
    current_step=$1
    local begun=$SECONDS
    shift
    printf '\n== %s\n' "$current_step"
    "$@"
    printf '== %s: %d s\n' "$current_step" $((SECONDS - begun))
    current_step=
}

current_step=
cleanup=()

# Names the step that failed, then undoes what was registered in `cleanup`, last first.
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

# Prints the name of every member that declares features, one a line.
crates_with_features() {
    local manifest
    for manifest in */Cargo.toml; do
        if grep -q '^\[features\]' "$manifest"; then
            dirname "$manifest"
        fi
    done
}

# Prints the name of every member that is published, one a line.
published_crates() {
    local manifest
    for manifest in */Cargo.toml; do
        if ! grep -q '^publish = false' "$manifest"; then
            dirname "$manifest"
        fi
    done
}

# features_of CRATE
# Prints the features that a member declares, one a line; optional dependencies are named with `dep:` and are none.
features_of() {
    awk '/^\[/ { inside = ($0 == "[features]") }
         inside && /^[A-Za-z0-9_-]+ *=/ { sub(/ *=.*/, ""); if ($0 != "default") print }' "$1/Cargo.toml"
}
