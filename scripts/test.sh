#!/usr/bin/env bash
# Every test but the campaigns, in three parts; ends with 1 when any of them fails.
#   1  what starts no other process, on both cores;
#   2  what starts real servers, which wait more than they work: several files at once;
#   3  what is marked `alone`: it judges times, so nothing else runs beside it.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=0
run() { .venv/bin/python -m pytest "$@" || failed=1; }

run -n 2 tests/unit tests/property tests/contract tests/simulation tests/test_house.py \
    tests/test_house_docs.py
run -n 3 --dist loadfile -m "not campaign and not alone" tests/integration tests/end_to_end
run -m "alone and not campaign" tests/integration tests/end_to_end
exit "$failed"
