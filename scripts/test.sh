#!/usr/bin/env bash
# Every test but the campaigns. What waits for no other process goes first, in two processes at
# once, for each of them keeps to one core; what starts real servers and watches the time follows
# alone. Ends with 1 when any part fails; each says all it has to say.
set -uo pipefail
cd "$(dirname "$0")/.."

said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
failed=0

.venv/bin/python -m pytest tests/unit tests/property > "$said/one" 2>&1 &
one=$!
.venv/bin/python -m pytest tests/contract tests/simulation tests/test_house.py \
    tests/test_house_docs.py > "$said/other" 2>&1 &
other=$!
for part in one other; do
    wait "${!part}" || failed=1
    cat "$said/$part"
done
.venv/bin/python -m pytest tests/integration tests/end_to_end || failed=1
exit "$failed"
