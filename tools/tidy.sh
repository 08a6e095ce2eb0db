# ./cairn tidy [FILE...]: runs clang-tidy with the checks of .clang-tidy over the given files, or over all sources.
# Sourced by ./cairn.
cd "$root" || exit 71
for preset in host kernel-x86_64 kernel-riscv64; do
  [ -e "$build/$preset/compile_commands.json" ] || cmake --preset "$preset" >/dev/null || fail 71 "cmake failed"
done
[ $# -gt 0 ] || set -- --all
CAIRN_BUILD=$build tools/check_tidy.sh "$@"
exit
