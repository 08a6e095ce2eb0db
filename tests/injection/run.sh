#!/usr/bin/env bash
# Runs everything in modules/ with allocations that fail (README.md). --long lets each one fail, also each one of an
# operation; --preset NAME uses another build than host-sanitize.
# Last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

preset=host-sanitize every=2000
while [ $# -gt 0 ]; do
  case "$1" in
    --long) every=1 ;;
    --preset)
      preset=$2
      shift
      ;;
    *)
      printf 'usage: tests/injection/run.sh [--long] [--preset NAME]\n' >&2
      exit 64
      ;;
  esac
  shift
done

modules=(tests/injection/modules/*)
exec env ASAN_OPTIONS=detect_leaks=1 "build/$preset/cairn-injection" --every "$every" "${modules[@]}"
