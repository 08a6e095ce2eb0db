#!/usr/bin/env bash
# Checks that includes point the way ARCHITECTURE.md says: base <- wasm <- compiler <- runtime <- wasi <- {kernel, host}; inside the
# compiler, ir knows neither WebAssembly's binary form nor targets, and targets do not know each other.
# Prints each violation; last line: N passed, N failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# folder: the folders that it may include from. Every folder may include from itself; the longest matching folder counts.
rules='
base:
wasm: base
wasm/text: base wasm
compiler: base wasm compiler runtime/builtins.hpp
compiler/ir: base wasm/types.hpp wasm/trap.hpp wasm/trap.def wasm/opcodes.hpp
compiler/build: base wasm compiler/ir compiler/bounds.hpp compiler/options.hpp runtime/vmcontext.hpp runtime/heap_layout.hpp runtime/field_layout.hpp runtime/builtins.hpp
compiler/opt: base compiler/ir compiler/options.hpp runtime/vmcontext.hpp runtime/heap_layout.hpp
compiler/codegen: base compiler/ir compiler/options.hpp compiler/cpu_feature_names.hpp wasm/types.hpp wasm/trap.hpp wasm/trap.def runtime/vmcontext.hpp runtime/heap_layout.hpp runtime/builtins.hpp
compiler/x64: base compiler/ir compiler/codegen compiler/options.hpp wasm/types.hpp wasm/trap.hpp runtime/vmcontext.hpp runtime/heap_layout.hpp runtime/builtins.hpp runtime/entry.hpp runtime/host_stack.hpp
compiler/rv64: base compiler/ir compiler/codegen compiler/options.hpp wasm/types.hpp wasm/trap.hpp runtime/vmcontext.hpp runtime/heap_layout.hpp runtime/builtins.hpp runtime/entry.hpp runtime/host_stack.hpp
runtime: base wasm compiler platform
wasi: base wasm compiler runtime
wasi/memory_files: base wasi/types.hpp wasi/name.hpp wasi/file.hpp wasi/path.hpp
cstd: base
kernel: base wasm compiler runtime wasi platform port
loader: base kernel
host/platform: base wasm compiler runtime wasi platform
host/system: base wasi
host/cli: base wasm compiler runtime wasi host platform
'

git ls-files 'src/*.hpp' 'src/*.cpp' 'src/*.def' 'src/*.S' | grep -v '_test\.cpp$' | xargs grep -HoE '^ *#include "[^"]+"' |
  awk -v rules="$rules" '
    BEGIN {
      n = split(rules, lines, "\n")
      for (i = 1; i <= n; ++i) if (match(lines[i], /^[^:]+:/)) allowed[substr(lines[i], 1, RLENGTH - 1)] = substr(lines[i], RLENGTH + 1)
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
      # "wasm" does not include wasm/text: that is one way only.
      if (ok && from == "wasm" && index(included, "wasm/text/") == 1) ok = 0
      if (!ok) { print "FAIL " file " includes \"" included "\""; ++failed }
    }
    END { printf "%d passed, %d failed\n", checked - failed, failed; exit failed > 0 }'
