# AssemblyScript's runtime: its collector, maps, sorting, strings and floats as text. AssemblyScript has no native
# compiler, so the program's output is compared with that of V8.
assemblyscript_sources() {
  command -v node >/dev/null || need_packages nodejs
  command -v npm >/dev/null || need_packages npm
}

assemblyscript_build() { # KIND OUTPUT
  local place=$sources/assemblyscript
  if [ "$1" = native ]; then
    printf '#!/bin/sh\nexec %s --no-warnings %s %s "$@"\n' "$(command -v node)" "$support/node.mjs" "$wasm" >"$2" &&
      chmod +x "$2"
    return
  fi
  mkdir -p "$place"
  if ! cmp -s "$here/assemblyscript/package-lock.json" "$place/package-lock.json" ||
    [ ! -d "$place/node_modules" ]; then
    cp "$here/assemblyscript/package.json" "$here/assemblyscript/package-lock.json" "$place" &&
      (cd "$place" && npm ci --silent --no-audit --no-fund --ignore-scripts >&2) || die "cannot install AssemblyScript"
  fi
  cp "$here/assemblyscript/main.ts" "$place/main.ts" && cd "$place" &&
    node node_modules/.bin/asc main.ts --config node_modules/@assemblyscript/wasi-shim/asconfig.json \
    -O --noAssert -o "$2"
}

assemblyscript_inputs() { :; }

assemblyscript_case_all() { # INPUTS COMMAND...
  shift
  "$@" one 'two words'
}
