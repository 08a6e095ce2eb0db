#!/usr/bin/env bash
# fuzz/fibers/seeded/run.sh [PATCH...]: puts one fault at a time into a copy of the kernel's scheduler, and boots the
# kernel with its own tests until one finds the fault: with four CPUs and with one, and the test of fairness.
# The copy and its builds are under build/fuzz/seeded-fibers.
# fuzz/fibers/seeded/run.sh --check: checks that each fault can still be put into the sources.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../support/seeded.sh"

build() { build_in_copy kernel-x86_64 cairn-kernel-testing; }

find_fault() { found=$(python3 "$here/boots.py" "$copy"); }

seeded_faults "$here" seeded-fibers "$@"
