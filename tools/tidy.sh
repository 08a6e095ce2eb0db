# ./cairn tidy [FILE...]: clang-tidy with the checks of .clang-tidy, over the hosted sources or the given files. Sourced by ./cairn.
cd "$root" || exit 71
[ -e "$build/host/compile_commands.json" ] || cmake --preset host >/dev/null || fail 71 "cmake failed"
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'src/base/*.cpp' 'src/wasm/*.cpp' 'src/compiler/*.cpp' 'src/runtime/*.cpp' 'src/wasi/*.cpp' 'src/host/*.cpp' | grep -v rv64/)
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-22 --quiet -p "$build/host"
exit
