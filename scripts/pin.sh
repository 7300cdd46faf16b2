#!/usr/bin/env bash
# Pin every requirement file by hash, for all platforms and Python 3.11-3.13 at once.
# Arguments go to uv: scripts/pin.sh --upgrade, scripts/pin.sh --upgrade-package numpy
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || uv=uv

# pin NAME SOURCE... [--extra X]: write requirements/NAME.txt out of the sources.
pin() {
    local name=$1
    shift
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links \
        --custom-compile-command scripts/pin.sh \
        --output-file "requirements/$name.txt" "$@" "${extra_arguments[@]}"
}

extra_arguments=("$@")
pin uv requirements/uv.in
pin node requirements/node.in
pin full pyproject.toml requirements/build.in --extra audio --extra deep --extra forecast \
    --extra boost --extra fast --extra channels

# The smaller sets take the versions of the full one, so that all sets agree.
extra_arguments=(--constraints requirements/full.txt "$@")
pin base pyproject.toml requirements/build.in
pin run pyproject.toml requirements/build.in --extra audio
pin test pyproject.toml requirements/build.in requirements/test.in --extra audio \
    --extra postgres --extra redis --extra channels
