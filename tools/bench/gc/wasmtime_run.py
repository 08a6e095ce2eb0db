"""Runs a WASI program in wasmtime: wasmtime_run.py MODULE [ARGUMENT...]. Prints three times on standard error, in
milliseconds: of compiling and of running, by the clock, and the CPU time of running."""
import sys
import time

import wasmtime

config = wasmtime.Config()
config.wasm_gc = True
config.wasm_function_references = True
config.wasm_exceptions = True
config.wasm_tail_call = True
engine = wasmtime.Engine(config)
start = time.perf_counter()
module = wasmtime.Module.from_file(engine, sys.argv[1])
store = wasmtime.Store(engine)
wasi = wasmtime.WasiConfig()
wasi.argv = sys.argv[1:]
wasi.inherit_stdout()
store.set_wasi(wasi)
linker = wasmtime.Linker(engine)
linker.define_wasi()
instance = linker.instantiate(store, module)
main = instance.exports(store)["_start"]
compiled = time.perf_counter()
cpu = time.thread_time()
main(store)
ended = time.perf_counter()
print(f"compile {(compiled - start) * 1e3:.1f} run {(ended - compiled) * 1e3:.1f} cpu "
      f"{(time.thread_time() - cpu) * 1e3:.1f}",
      file=sys.stderr)
