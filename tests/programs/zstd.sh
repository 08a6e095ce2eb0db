# The zstd command: tight loops over bytes, 64-bit arithmetic, br_table, and megabytes through stdin and stdout.
zstd_sources() {
  fetch_source libzstd 1.5.4+dfsg2 libzstd_1.5.4+dfsg2.orig.tar.xz \
    8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953
}

zstd_build() { # KIND OUTPUT
  cd "$source_dir" && compile "$1" -DXXH_NAMESPACE=ZSTD_ -DZSTD_DISABLE_ASM -DZSTD_LEGACY_SUPPORT=0 \
    -Ilib -Ilib/common -- \
    lib/common/*.c lib/compress/*.c lib/decompress/*.c lib/dictBuilder/*.c programs/*.c && link "$1" "$2"
}

# 12 MB that compress by about three: words in random order with numbers between them.
zstd_inputs() { # DIRECTORY
  awk 'BEGIN {
    n = split("the cairn stone path marks a mountain trail where walkers add one more to those before and fog hides " \
      "all else", word, " ")
    seed = 42
    while (size < 12000000) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      line = word[1 + int(seed / 65536) % n] " " word[1 + int(seed / 256) % n] " " seed
      print line
      size += length(line) + 1
    }
  }' >"$1/text"
  "$native" -q -9 -c <"$1/text" >"$1/text.zst"
}

zstd_case_compress() { # INPUTS COMMAND...
  local inputs=$1
  shift
  "$@" -q -3 -c <"$inputs/text"
}

zstd_case_decompress() {
  local inputs=$1
  shift
  "$@" -q -d -c <"$inputs/text.zst"
}
