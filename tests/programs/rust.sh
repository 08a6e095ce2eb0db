# Rust's standard library, compiled by Debian's rustc.
rust_sources() {
  need_packages rustc libstd-rust-dev-wasm32 lld-14
}

rust_build() { # KIND OUTPUT
  local flags=(-C linker=clang-22)
  if [ "$1" = wasm ]; then
    # rustc looks for the LLD of its LLVM version under this name.
    mkdir -p "$objects/bin"
    ln -sf "$(command -v lld-14)" "$objects/bin/rust-lld"
    PATH="$objects/bin:$PATH"
    flags=(--target wasm32-wasi -C strip=debuginfo)
  fi
  /usr/bin/rustc --edition 2021 -O "${flags[@]}" -o "$2" "$here/rust/main.rs"
}

rust_inputs() { make_numbers "$@"; }

rust_case_all() { run_on_numbers "$@"; }
