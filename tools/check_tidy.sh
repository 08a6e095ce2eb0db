#!/usr/bin/env bash
# tools/check_tidy.sh [--all | FILE...]: runs clang-tidy, with the checks of .clang-tidy, over all sources or the given
# files. Without arguments, it checks the sources that have changed since the commit that tools/tidy_checked names, at
# which ./cairn tidy had checked all sources. For each header that has changed since, it checks one source that includes
# the header.
#
# Each source is checked with the options of the first build that compiles it: host, kernel-x86_64 or kernel-riscv64.
# Sources that none of them compiles (for guests, for other hosts) are left out. Last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
builds=${CAIRN_BUILD:-build}

changed_sources() {
  local checked header
  checked=$(cat tools/tidy_checked)
  # If the clone does not have this commit, the last commit's changes are checked, or else everything.
  git cat-file -e "$checked^{commit}" 2>/dev/null || checked=$(git rev-parse -q --verify HEAD~1)
  if [ -z "$checked" ]; then
    git ls-files 'src/*.cpp'
    return
  fi
  git diff --name-only --diff-filter=d "$checked" -- 'src/*.cpp'
  git diff --name-only --diff-filter=d "$checked" -- 'src/*.hpp' | while read -r header; do
    git grep -lF "#include \"${header#src/}\"" -- 'src/*.cpp' | head -n 1
  done
}

if [ "${1-}" = --all ]; then
  mapfile -t files < <(git ls-files 'src/*.cpp')
  shift
elif [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(changed_sources | sort -u); fi
for preset in host kernel-x86_64 kernel-riscv64; do
  [ ! -e "$builds/$preset/compile_commands.json" ] || continue
  echo "FAIL there is no $builds/$preset/compile_commands.json: build the preset $preset first"
  echo "0 passed, 1 failed"
  exit 1
done

# Prints the files on standard input that this build compiles.
compiled_by() { # PRESET
  grep -xF -f <(sed -n "s#^ *\"file\": \"$PWD/\(.*\)\",\{0,1\}\$#\1#p" "$builds/$1/compile_commands.json")
}

checked=0 status=0
said=$(clang-tidy-22 --version 2>&1) && said= || status=1
# check PRESET FILES: checks the files, which are one in each line.
check() {
  [ -n "$2" ] && [ "$status" -eq 0 ] || return
  left=$(grep -vxF -f <(printf '%s\n' "$2") <<<"$left")
  checked=$((checked + $(wc -l <<<"$2")))
  said+=$(xargs -r -d '\n' -P "$(nproc)" -n 4 clang-tidy-22 --quiet --warnings-as-errors='*' --config-file=.clang-tidy \
    -p "$builds/$1" <<<"$2" 2>&1)$'\n' || failing=1
}

failing=
left=$(printf '%s\n' "${files[@]}" | sed '/^$/d')
for preset in host kernel-x86_64 kernel-riscv64; do
  check "$preset" "$(compiled_by "$preset" <<<"$left")"
done
# Files that were named are checked even if no build compiles them.
[ $# -eq 0 ] || check host "$left"
[ -z "$failing" ] || status=1
failed=0
while read -r finding; do
  echo "FAIL $finding"
  failed=$((failed + 1))
done < <(grep -aE '(warning|error): ' <<<"$said" | sed "s#^$PWD/##" | sort -u)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
  printf 'FAIL clang-tidy-22: %s\n' "$(tail -n 5 <<<"$said")"
  failed=1
fi
# The presence of clang-tidy counts as a test, so that there is a test even if no source has changed.
echo "$((checked + 1 - (failed > 0))) passed, $failed failed"
[ "$failed" -eq 0 ]
