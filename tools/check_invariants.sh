#!/usr/bin/env bash
# tools/check_invariants.sh [DIRECTORY]: checks that each invariant of docs/invariants.md is cited in src or tools, and
# that docs/invariants.md has each cited invariant.
# Last line: N passed, N failed.
set -u
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}" || exit 1
stated=$(grep -oE '^- \*\*INV-[0-9]+' docs/invariants.md | grep -oE 'INV-[0-9]+' | sort -u)
cited=$(grep -rhoE 'INV-[0-9]+' src tools | sort -u)
passed=0 failed=0
while read -r count where invariant; do
  case "$where" in
    both) passed=$((passed + count)) ;;
    stated) echo "FAIL $invariant is cited nowhere in src or tools"; failed=$((failed + 1)) ;;
    cited) echo "FAIL $invariant is cited, and docs/invariants.md does not have it"; failed=$((failed + 1)) ;;
  esac
done < <(
  comm -12 <(echo "$stated") <(echo "$cited") | sed 's/^/1 both /'
  comm -23 <(echo "$stated") <(echo "$cited") | sed 's/^/1 stated /'
  comm -13 <(echo "$stated") <(echo "$cited") | sed 's/^/1 cited /'
)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
