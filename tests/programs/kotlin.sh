# Kotlin, whose compiler makes modules with managed memory and exceptions. The output is compared with that of the same
# source on a Java virtual machine.
kotlin_version=2.3.0

# fetch_maven ARTIFACT SHA256: fetches GROUP:NAME:VERSION[:TYPE] from Maven's repository into $source_dir.
fetch_maven() {
  local artifact=$1 sum=$2 name version type
  IFS=: read -r _ name version type <<<"$artifact"
  local file=$source_dir/$name-$version.${type:=jar}
  [ -e "$file" ] && return
  command -v mvn >/dev/null || need_packages maven
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy "-Dartifact=$artifact" \
    "-DoutputDirectory=$source_dir/new" >&2 &&
    echo "$sum  $source_dir/new/${file##*/}" | sha256sum --quiet -c - >&2 && mv "$source_dir/new/${file##*/}" "$file" ||
    die "cannot fetch $artifact"
}

kotlin_sources() {
  local group=org.jetbrains.kotlin
  source_dir=$sources/kotlin-$kotlin_version
  mkdir -p "$source_dir"
  command -v java >/dev/null || need_packages openjdk-17-jre-headless
  fetch_maven "$group:kotlin-compiler-embeddable:$kotlin_version" \
    8dbd882fa58c3d17e683a27390288315f8b490f8e3e3b1be4dc3e280d37e285a
  fetch_maven "$group:kotlin-daemon-embeddable:$kotlin_version" \
    39bcb02d8c293aa678554c8b49d7ff84657021709283c6186e3a40806af9bd10
  fetch_maven "$group:kotlin-script-runtime:$kotlin_version" \
    db826961371d6605318d9c4e4bfcdbfac94c3a0892cdcabd55224870fead57f1
  fetch_maven "$group:kotlin-stdlib:$kotlin_version" 887587c91713250ad52fe14ad9166d042c33835049890e9437f355ffc5a195b1
  fetch_maven "$group:kotlin-stdlib-wasm-wasi:$kotlin_version:klib" \
    de0582ccbf35c21e802a06c1b30eda169a220a41730eff5e53fd36157cad294e
  fetch_maven "$group:kotlin-reflect:1.6.10" 3277ac102ae17aad10a55abec75ff5696c8d109790396434b496e75087854203
  fetch_maven org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm:1.8.0 \
    9860906a1937490bf5f3b06d2f0e10ef451e65b95b269f22daf68a3d1f5065c5
  fetch_maven org.jetbrains:annotations:13.0 ace2a10dc8e2d5fd34925ecac03e4988b2c0f851650c94b8cef49ba1bd111478
}

kotlin_compiler() { # CLASS ARGUMENT...
  java -Xmx2g -cp "$(printf '%s:' "$source_dir"/*.jar)" "org.jetbrains.kotlin.cli.$@"
}

kotlin_build() { # KIND OUTPUT
  local library=$source_dir/kotlin-stdlib-wasm-wasi-$kotlin_version.klib \
    runtime=$source_dir/kotlin-stdlib-$kotlin_version.jar
  local made=$2.d wasm_options=(-Xwasm -Xwasm-target=wasm-wasi -ir-output-name main -ir-output-dir "$2.d")
  if [ "$1" = native ]; then
    kotlin_compiler jvm.K2JVMCompiler -no-reflect -no-stdlib -cp "$runtime" -d "$made" "$here/kotlin/main.kt" ||
      return 1
    printf '#!/bin/sh\nexec %s -cp %s:%s MainKt "$@"\n' "$(command -v java)" "$made" "$runtime" >"$2" && chmod +x "$2"
    return
  fi
  kotlin_compiler js.K2JSCompiler "${wasm_options[@]}" -Xir-produce-klib-file -libraries "$library" \
    "$here/kotlin/main.kt" &&
    kotlin_compiler js.K2JSCompiler "${wasm_options[@]}" \
    -Xir-produce-js -Xir-dce -libraries "$library:$made/main.klib" \
      "-Xinclude=$made/main.klib" && python3 "$support/start_export.py" "$made/main.wasm" "$2" && rm -r "$made"
}

kotlin_inputs() { :; }

kotlin_case_all() { # INPUTS COMMAND...
  shift
  "$@" </dev/null
}
