# Functions that install the engines with which `./cairn bench gc` compares Cairn, from npm and PyPI, under
# build/engines, and that make the modules of tests/gc. Sourced with `root` set.
engines=$root/build/engines
node_version=26 wasmtime_version=50.0.1

need_v8() {
  local log=$engines/node.log
  node=$engines/node/node_modules/node/bin/node
  [ -x "$node" ] && return
  command -v npm >/dev/null || { echo "npm is missing (Debian package npm)" >&2; exit 71; }
  mkdir -p "$engines/node"
  npm install --no-audit --no-fund --prefix "$engines/node" "node@$node_version" >"$log" 2>&1
  [ -x "$node" ] || { tail -n 5 "$log" >&2; exit 71; }
}

need_wasmtime() {
  local log=$engines/wasmtime.log
  wasmtime_python=$engines/wasmtime/bin/python
  [ -e "$engines/wasmtime/ready" ] && return
  mkdir -p "$engines"
  { python3 -m venv "$engines/wasmtime" && "$engines/wasmtime/bin/pip" install "wasmtime==$wasmtime_version" &&
    touch "$engines/wasmtime/ready"; } >"$log" 2>&1 || { tail -n 5 "$log" >&2; exit 71; }
}

# These run a WASI program, and print times on standard error.
run_node() { "$node" --no-warnings ${v8_flags-} "$root/tools/bench/gc/v8.mjs" "$@"; }
run_wasmtime() { "$wasmtime_python" "$root/tools/bench/gc/wasmtime_run.py" "$@"; }

gc_program() { # NAME OUTPUT
  { echo "(module"; cat "$root/tests/gc/support.wat" "$root/tests/gc/programs/$1.wat"; echo ")"; } >"$2"
}
