#!/usr/bin/env bash
# fuzz/generator/build.sh: builds the generator, if anything changed, and prints the path of the program.
#
# wasm-smith needs a newer Rust than Debian 12's `rustc`; the package `rustc-web` has one but cannot be installed beside
# `rustc`, which other tests need. Where there is no cargo, its packages are therefore unpacked under build/, not
# installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
place=$root/build/fuzz
program=$place/generator/release/generator
mkdir -p "$place"
exec 9>"$place/.generator-lock"
flock 9
if [ ! -x "$program" ] || [ -n "$(find "$here" -newer "$program" -print -quit)" ]; then
  version=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p') || true
  if [ "${version:-0}" -lt 88 ]; then
    rust=$place/rust
    if [ ! -e "$rust/.unpacked" ]; then
      as_root=
      [ "$(id -u)" -eq 0 ] || as_root=sudo
      $as_root apt-get update -qq >&2
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends gcc libc6-dev \
        libcurl4 libgit2-1.5 libsqlite3-0 libssh2-1 >&2
      mkdir -p "$rust/packages"
      cd "$rust/packages"
      apt-get download -qq rustc-web cargo-web libstd-rust-web-dev $(apt-cache depends libstd-rust-web-dev |
        sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\)$/\1/p') >&2
      for package in *.deb; do dpkg -x "$package" "$rust"; done
      touch "$rust/.unpacked"
    fi
    export PATH=$rust/usr/bin:$PATH LD_LIBRARY_PATH=$rust/usr/lib/x86_64-linux-gnu:$rust/usr/lib
    unset RUSTUP_TOOLCHAIN
  fi
  CARGO_TARGET_DIR=$place/generator cargo build --quiet --release --locked --manifest-path "$here/Cargo.toml" >&2
  touch "$program"
fi
printf '%s\n' "$program"
