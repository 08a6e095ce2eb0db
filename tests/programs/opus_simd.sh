# The Opus codec with vectors. Every bit of its floats matters for the packets, so operations must not be contracted.
opus_simd_sources() {
  fetch_source opus 1.3.1 opus_1.3.1.orig.tar.gz 65b58e1e25b2a114157014736a3d9dfeaad8d41be1c8179866f144a2fb44ff9d
}

opus_simd_build() { # KIND OUTPUT
  cd "$source_dir" || return 1
  local files=()
  # Reads the values of make variables, with their continuation lines.
  mapfile -t files < <(cat silk_sources.mk celt_sources.mk opus_sources.mk |
    sed -e ':more' -e '/\\$/{N;s/\\\n//;b more' -e '}' |
    sed -nE 's/^(SILK_SOURCES|SILK_SOURCES_FLOAT|CELT_SOURCES|OPUS_SOURCES|OPUS_SOURCES_FLOAT) *= *//p' |
    tr -s ' \t' '\n' | grep .)
  with_vectors compile "$1" -ffp-contract=off \
    -DOPUS_BUILD -DVAR_ARRAYS -DHAVE_LRINT -DHAVE_LRINTF '-DPACKAGE_VERSION="1.3.1"' \
    -Iinclude -Icelt -Isilk -Isilk/float -- "${files[@]}" "$here/opus/main.c" &&
    link "$1" "$2" $([ "$1" = wasm ] || echo -lm) &&
    has_vectors "$1" "$2"
}

opus_simd_inputs() { :; }

opus_simd_case_speech() { shift && "$@" 16000 1 20000 2048; }
opus_simd_case_music() { shift && "$@" 48000 2 96000 2049; }
opus_simd_case_low_delay() { shift && "$@" 48000 1 64000 2051; }
