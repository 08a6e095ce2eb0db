#!/usr/bin/env bash
# tools/check_format.sh [DIRECTORY]: checks that clang-format would change no C++ source, or none below DIRECTORY.
# Last line: N passed, N failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
if [ $# -gt 0 ]; then
  mapfile -t files < <(find "$1" -name '*.[ch]pp')
else
  mapfile -t files < <(git ls-files '*.cpp' '*.hpp')
fi
said=$(printf '%s\n' "${files[@]}" |
  xargs -P "$(nproc)" -n 32 clang-format-22 --style="file:$root/.clang-format" --dry-run -Werror 2>&1)
status=$?
failed=0
while read -r file; do
  echo "FAIL $file: not formatted (./cairn format)"
  failed=$((failed + 1))
done < <(sed -nE 's/^([^ :]+):[0-9]+:[0-9]+: .*/\1/p' <<<"$said" | sort -u)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
  printf "FAIL clang-format-22: %s\n" "$(tail -n 3 <<<"$said" | tr "\n" " ")"
  failed=1
fi
echo "$((${#files[@]} - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
