#!/usr/bin/env bash
# Checks that includes point the way ARCHITECTURE.md says (INV-13): base <- wasm <- abi <- compiler <- runtime <- wasi
# <- {kernel, host}; inside the compiler, ir knows neither WebAssembly's binary form nor targets, and targets do not
# know each other.
# Prints each violation; last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Each line has a folder, and the folders that it may include from. Every folder may include from itself; the longest
# matching folder counts.
rules='
base:
wasm: base
wasm/types: base
wasm/text: base wasm
abi: base wasm/types
compiler: base wasm abi compiler
compiler/options: base wasm/types
compiler/ir: base wasm/types
compiler/build: base wasm abi compiler/ir compiler/options
compiler/opt: base abi compiler/ir compiler/options
compiler/codegen: base wasm/types abi compiler/ir compiler/options
compiler/x64: base wasm/types abi compiler/ir compiler/codegen compiler/options
compiler/rv64: base wasm/types abi compiler/ir compiler/codegen compiler/options
runtime: base wasm abi compiler platform
wasi: base wasm compiler runtime
wasi/interface: base
wasi/memory_files: base wasi/interface runtime
testing: base wasm abi compiler runtime wasi platform
cstd: base
kernel: base wasm abi compiler runtime wasi platform port
kernel/testing: base wasm abi compiler runtime wasi testing platform port kernel
host/platform: base wasm abi compiler runtime wasi platform
host/system: base wasi runtime
host/description: base wasm
host/cli: base wasm compiler runtime wasi testing host platform
'

git ls-files 'src/*.hpp' 'src/*.cpp' 'src/*.def' 'src/*.S' | grep -v '_test\.cpp$' |
  xargs grep -HoE '^ *#include "[^"]+"' |
  awk -v rules="$rules" '
    BEGIN {
      n = split(rules, lines, "\n")
      for (i = 1; i <= n; ++i)
        if (match(lines[i], /^[^:]+:/)) allowed[substr(lines[i], 1, RLENGTH - 1)] = substr(lines[i], RLENGTH + 1)
    }
    function folder_of(path) {
      while (path ~ /\//) { sub(/\/[^\/]*$/, "", path); if (path in allowed) return path }
      return ""
    }
    {
      colon = index($0, ":")
      file = substr($0, 5, colon - 5)
      included = substr($0, index($0, "\"") + 1); sub(/"$/, "", included)
      ++checked
      from = folder_of(file)
      if (from == "") { print "FAIL " file ": no rule for its folder"; ++failed; next }
      if (included !~ /\//) next  # beside the file
      ok = index(included, from "/") == 1
      m = split(allowed[from], list, " ")
      for (i = 1; i <= m && !ok; ++i) ok = included == list[i] || index(included, list[i] "/") == 1
      # wasm/text may include wasm, but not the reverse.
      if (ok && from == "wasm" && index(included, "wasm/text/") == 1) ok = 0
      if (!ok) { print "FAIL " file " includes \"" included "\""; ++failed }
    }
    END { printf "%d passed, %d failed\n", checked - failed, failed; exit failed > 0 }'
