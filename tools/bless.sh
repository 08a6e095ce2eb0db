# ./cairn bless: runs the text tests so that they rewrite their expected outputs; review the diff. Sourced by ./cairn.
cd "$root" || exit 71
build_preset host all
export CAIRN_BLESS=1
for program in "$build"/host/*_test; do
  "$program" --gtest_filter='*Text*:*text*' --gtest_brief=1 >/dev/null
done
git --no-pager diff --stat -- tests
exit
