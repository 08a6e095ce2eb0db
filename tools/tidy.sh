# ./cairn tidy [FILE...]: clang-tidy with the checks of .clang-tidy, over the hosted sources or the given files. Sourced by ./cairn.
cd "$root" || exit 71
[ -e "$build/host/compile_commands.json" ] || cmake --preset host >/dev/null || fail 71 "cmake failed"
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'src/*.cpp' | grep -vE '/rv64/|^src/(kernel|cstd|guest_c_runtime)/')
CAIRN_BUILD=$build tools/check_tidy.sh "${files[@]}"
exit
