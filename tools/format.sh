# ./cairn format [--check]: clang-format over the C++ sources. Sourced by ./cairn.
cd "$root" || exit 71
case "${1-}" in
  "") git ls-files '*.cpp' '*.hpp' | xargs clang-format-22 -i ;;
  --check) tools/check_format.sh ;;
  *) fail 64 "unknown option \`$1\` of format (\`./cairn help\` explains)" ;;
esac
exit
