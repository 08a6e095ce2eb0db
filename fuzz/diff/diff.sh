# ./cairn fuzz diff [options]: differential fuzzing (fuzz/diff/README.md). Sourced by ./cairn; also
#   ./cairn fuzz diff --own      compares Cairn with itself alone, so that no other engine and no RISC-V build is needed
cd "$root" || exit 71
own=
arguments=()
for argument in "$@"; do
  if [ "$argument" = --own ]; then own=1; else arguments+=("$argument"); fi
done
install_packages
if [ -n "$own" ]; then
  (build_preset host cairn-diff cairn-cli) || exit 71
  arguments+=(--executors cairn,none,registers,check,cpu,verify,stress)
else
  fuzz/diff/engines.sh || fail 71 "cannot install the other engines"
  (build_preset host cairn-diff cairn-cli && build_preset host-riscv64 cairn-diff) || exit 71
fi
exec python3 fuzz/diff/run.py "${arguments[@]}"
