#!/usr/bin/env bash
# Checks that data whose size a guest decides are in containers that report a lack of memory (base/try_*.hpp). The
# containers of the standard library end the machine then, so the runtime, WASI and the kernel use them only where
# tools/containers.txt says why they may.
# With --list it prints the counts as that file has them. Last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

containers='vector|string|map|multimap|unordered_map|set|unordered_set|deque|list'
containers+='|function|make_unique|make_shared|to_string'

count_uses() { # prints a line COUNT FILE for each file with uses
  git ls-files 'src/runtime/*.[ch]pp' 'src/wasi/*.[ch]pp' 'src/kernel/*.[ch]pp' |
    grep -vE '_test\.[ch]pp$|/testing/|/fake_system\.hpp$' | while read -r file; do
    [ -e "$file" ] || continue
    uses=$(sed -E 's@//.*@@; s/"([^"\\]|\\.)*"//g' "$file" |
      grep -oE "\bstd::($containers)\b" | wc -l)
    [ "$uses" -eq 0 ] || printf '%s %s\n' "$uses" "$file"
  done
}

if [ "${1-}" = --list ]; then
  count_uses
  exit 0
fi

count_uses | awk '
  FILENAME == "-" {
    ++checked
    used = "FAIL " $2 ": " $1 " uses of standard containers"
    if (!($2 in most)) { print used ", and no line in tools/containers.txt"; ++failed }
    else if ($1 > most[$2]) { print used "; tools/containers.txt has " most[$2]; ++failed }
    next
  }
  /^[0-9]/ {
    most[$2] = $1
    if (NF < 3) { print "FAIL tools/containers.txt: no reason for " $2; ++failed; ++checked }
  }
  END {
    printf "%d passed, %d failed\n", checked - failed, failed; exit failed > 0
  }' tools/containers.txt -
