# libsodium with vectors: 32- and 64-bit rotations, multiplications with wide results, constant-time comparisons, and a
# password hash that fills megabytes.
sodium_simd_sources() {
  fetch_source libsodium 1.0.18 libsodium_1.0.18.orig.tar.gz \
    d59323c6b712a1519a5daf710b68f5e7fde57040845ffec53850911f10a5d4f4
}

sodium_simd_build() { # KIND OUTPUT
  local files=()
  mkdir -p "$objects/include/sodium" && cp "$source_dir/builds/msvc/version.h" "$objects/include/sodium/version.h"
  cd "$source_dir" && mapfile -t files < <(find src/libsodium -name '*.c' | sort)
  local flags=(-DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -Isrc/libsodium/include -Isrc/libsodium/include/sodium
    "-I$objects/include" "-I$objects/include/sodium")
  with_vectors compile "$1" "${flags[@]}" -- "${files[@]}" "$here/sodium/main.c" && link "$1" "$2" &&
    has_vectors "$1" "$2"
}

sodium_simd_inputs() { :; }

sodium_simd_case_all() { # INPUTS COMMAND...
  shift
  "$@"
}
