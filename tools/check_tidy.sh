#!/usr/bin/env bash
# tools/check_tidy.sh [FILE...]: clang-tidy, with the checks of .clang-tidy, over the given files; without files, over the hosted sources
# that have changed since the commit in tools/tidy_checked, up to which all were checked (./cairn tidy), and for each header that has
# changed one source that includes it. Needs the build `host`. Last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
database=${CAIRN_BUILD:-build}/host

# Of the files on standard input, those that the build `host` compiles.
hosted() { grep -vE '/rv64/|^src/(kernel|cstd|guest_c_runtime)/'; }

changed_sources() {
  local checked header
  checked=$(cat tools/tidy_checked)
  # A clone without that part of the history: what its last commit changed, or everything.
  git cat-file -e "$checked^{commit}" 2>/dev/null || checked=$(git rev-parse -q --verify HEAD~1)
  if [ -z "$checked" ]; then
    git ls-files 'src/*.cpp'
    return
  fi
  git diff --name-only --diff-filter=d "$checked" -- 'src/*.cpp'
  git diff --name-only --diff-filter=d "$checked" -- 'src/*.hpp' | while read -r header; do
    git grep -lF "#include \"${header#src/}\"" -- 'src/*.cpp' | hosted | head -n 1
  done
}

if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(changed_sources | hosted | sort -u); fi
if [ ! -e "$database/compile_commands.json" ]; then
  echo "FAIL there is no $database/compile_commands.json: build the preset host first"
  echo "0 passed, 1 failed"
  exit 1
fi
said=$(clang-tidy-22 --version 2>&1) && said=$(printf '%s\n' "${files[@]}" | sed '/^$/d' |
  xargs -r -d '\n' -P "$(nproc)" -n 4 clang-tidy-22 --quiet --warnings-as-errors='*' --config-file=.clang-tidy -p "$database" 2>&1)
status=$?
failed=0
while read -r finding; do
  echo "FAIL $finding"
  failed=$((failed + 1))
done < <(grep -aE '(warning|error): ' <<<"$said" | sed "s#^$PWD/##" | sort -u)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
  printf 'FAIL clang-tidy-22: %s\n' "$(tail -n 5 <<<"$said")"
  failed=1
fi
# Its presence is a test as well, so that a tree in which nothing has changed is not one without tests.
echo "$((${#files[@]} + 1 - (failed > 0))) passed, $failed failed"
[ "$failed" -eq 0 ]
