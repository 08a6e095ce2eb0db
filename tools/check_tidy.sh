#!/usr/bin/env bash
# tools/check_tidy.sh [FILE...]: clang-tidy, with the checks of .clang-tidy, over the hosted sources that have changed since the commit
# in tools/tidy_checked, up to which all were checked; or over the given files. Needs the build `host`. Last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
database=${CAIRN_BUILD:-build}/host
if [ $# -gt 0 ]; then
  files=("$@")
else
  checked=$(cat tools/tidy_checked)
  git cat-file -e "$checked^{commit}" 2>/dev/null || checked=HEAD~1  # a clone without its history
  mapfile -t files < <(git diff --name-only --diff-filter=d "$checked" -- 'src/*.cpp' | grep -vE '/rv64/|^src/(kernel|cstd|guest_c_runtime)/')
fi
failed=0
if [ ${#files[@]} -gt 0 ]; then
  while read -r finding; do
    echo "FAIL $finding"
    failed=$((failed + 1))
  done < <(printf '%s\n' "${files[@]}" | xargs -P 2 -n 4 clang-tidy-22 --quiet --config-file=.clang-tidy -p "$database" 2>/dev/null |
    grep -E '(warning|error): ' | sed "s#^$PWD/##" | sort -u)
fi
echo "$((${#files[@]} + 1)) passed, $failed failed"
[ "$failed" -eq 0 ]
