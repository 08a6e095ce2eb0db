# The zstd command with vectors: loops that the compiler vectorizes.
. "$here/zstd.sh"
zstd_simd_sources() { zstd_sources; }
zstd_simd_build() { with_vectors zstd_build "$@" && has_vectors "$@"; }
zstd_simd_inputs() { zstd_inputs "$@"; }
zstd_simd_case_compress() { zstd_case_compress "$@"; }
zstd_simd_case_decompress() { zstd_case_decompress "$@"; }
