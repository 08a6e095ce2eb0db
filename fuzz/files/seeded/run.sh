#!/usr/bin/env bash
# fuzz/files/seeded/run.sh [PATCH...]: puts one fault at a time into a copy of the file system, and prints after how
# many seconds cairn-files finds it. The copy and its builds are under build/fuzz/seeded-files.
# fuzz/files/seeded/run.sh --check: checks that each fault can still be put into the sources.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../support/seeded.sh"

build() { build_in_copy host-sanitize cairn-files; }

find_fault() {
  local output
  output=$("$copy/build/host-sanitize/fuzz/cairn-files" --seconds "${CAIRN_SEEDED_SECONDS:-600}" \
    --seed "${CAIRN_SEEDED_SEED:-1000000}" 2>&1) ||
    found=$(printf '%s\n' "$output" | grep -m 1 -E 'cairn-fuzz: |ERROR: |runtime error|assertion|internal error' ||
    echo 'it ended without a word')
}

seeded_faults "$here" seeded-files "$@"
