# What the test scripts of this folder share. A script sets `group`, the beginning of its cases' names (such as
# `console/`, or nothing), and `target`, and then sources this file. It sets `root`, `scratch` (a folder that is
# removed when the script ends), `cairn` (the command) and the counts.
set -u
root=$here/../..
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cairn=${CAIRN_COMMAND:-$root/cairn}
passed=0 failed=0

# ok counts a case that has passed; bad NAME TEXT counts one that has failed, and prints it.
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); printf 'FAIL cli/%s%s on %s: %s\n' "$group" "$1" "$target" "$2"; }
