# jq: an interpreter with a generated parser, deep recursion, and floating-point numbers printed exactly.
jq_sources() {
  fetch_source jq 1.6 jq_1.6.orig.tar.gz 3ba940b97571c866923f0409678033d33b5a98758dfc174fad8397ed908bc4d9
  cd "$source_dir" || return 1
  [ -e src/version.h ] || echo '#define JQ_VERSION "1.6"' >src/version.h
  [ -e src/builtin.inc ] ||
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' src/builtin.jq >src/builtin.inc
}

jq_build() { # KIND OUTPUT
  local functions flags=(-D_GNU_SOURCE -DIEEE_8087 -DHAVE_MEMMEM -DUSE_DECNUM=0 -DHAVE_ISATTY -DHAVE_TIMEGM
    -DHAVE_GMTIME_R -DHAVE_GMTIME -DHAVE_LOCALTIME_R -DHAVE_STRPTIME -DHAVE_STRFTIME -DHAVE_MKTIME -DHAVE_GETTIMEOFDAY
    -DHAVE_TM_TM_GMT_OFF -DHAVE_SETLOCALE -DHAVE_MKSTEMP)
  functions="acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf exp exp10 exp2 expm1 fabs fdim
    floor fma fmax fmin fmod frexp hypot j0 j1 ldexp lgamma lgamma_r log log10 log1p log2 logb modf nearbyint nextafter
    nexttoward pow remainder rint round scalb scalbln sin sinh sqrt tan tanh tgamma trunc y0 y1"
  for function in $functions; do
    flags+=("-DHAVE_$(printf '%s' "$function" | tr a-z A-Z)")
  done
  local libraries=() pthread=()
  [ "$1" = native ] && libraries=(-lm)
  cd "$source_dir/src" &&
    compile "$1" "${flags[@]}" -I. -I.. -- builtin.c bytecode.c compile.c execute.c jq_test.c jv.c \
    jv_alloc.c jv_aux.c jv_dtoa.c jv_file.c jv_parse.c jv_print.c jv_unicode.c linker.c locfile.c util.c \
    lexer.c parser.c main.c && link "$1" "$2" "${libraries[@]}"
}

# 4 MB of objects in an array.
jq_inputs() { # DIRECTORY
  awk 'BEGIN {
    seed = 99
    print "["
    for (i = 0; i < 20000; ++i) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      printf "%s{\"id\":%d,\"name\":\"user \\u00e9 %d\",\"score\":%.6f,", (i ? "," : ""), i, seed % 1000, seed / 1000003
      printf "\"big\":%de%d,\"tags\":[\"t%d\",\"t%d\"],", seed % 1000, seed % 40 - 20, seed % 7, seed % 11
      printf "\"nested\":{\"a\":{\"b\":[%d,null,true,{\"c\":\"%x\"}]}},", seed % 100, seed
      printf "\"text\":\"line\\n\\ttab \\\"quoted\\\" %d\"}\n", seed
    }
    print "]"
  }' >"$1/users.json"
}

jq_case_reshape() { # INPUTS COMMAND...
  local inputs=$1
  shift
  "$@" -c 'map(select(.score > 500)) | group_by(.tags[0])
    | map({tag: .[0].tags[0], n: length, mean: (map(.score) | add / length), big: (map(.big) | max),
      names: [.[].name] | unique | .[:3], sum: ([.[].nested.a.b[0]] | add)})' <"$inputs/users.json"
}

jq_case_print() {
  local inputs=$1
  shift
  "$@" -S '.[:3000] | to_entries | map(.value + {key, root: (.value.score | sqrt),
    hex: (.value.nested.a.b[3].c | explode | map(. * 31) | add)})' <"$inputs/users.json"
}

jq_case_compute() {
  local inputs=$1
  shift
  "$@" -n '[limit(20000; range(1; 1000000) | select(. % 7 == 3) | . * . % 1009)] | add, length,
    ([0 | recurse(if . < 3000 then . + 1 else empty end)] | length),
    ([range(0; 200) | . / 7 | sqrt, . * 1e17, . / 3] | map(tostring) | join(" "))' </dev/null
}
