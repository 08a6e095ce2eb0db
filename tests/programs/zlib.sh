# minigzip of zlib: compresses at the best level, and decompresses.
zlib_sources() {
  fetch_source zlib 1.2.13.dfsg zlib_1.2.13.dfsg.orig.tar.bz2 \
    71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
}

zlib_build() { # KIND OUTPUT
  cd "$source_dir" && compile "$1" -DHAVE_UNISTD_H -D_LARGEFILE64_SOURCE=1 -I. -- adler32.c compress.c crc32.c \
    deflate.c \
    inflate.c inffast.c inftrees.c trees.c uncompr.c zutil.c gzclose.c gzlib.c gzread.c gzwrite.c test/minigzip.c &&
    link "$1" "$2"
}

zlib_inputs() { # DIRECTORY
  awk 'BEGIN {
    seed = 7
    for (i = 0; i < 500000; ++i) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      print i, seed % 1000, int(seed / 4096) % 37
    }
  }' >"$1/numbers"
  "$native" -6 <"$1/numbers" >"$1/numbers.gz"
}

zlib_case_compress() { # INPUTS COMMAND...
  local inputs=$1
  shift
  "$@" -9 <"$inputs/numbers"
}

zlib_case_decompress() {
  local inputs=$1
  shift
  "$@" -d <"$inputs/numbers.gz"
}
