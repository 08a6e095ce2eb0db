#!/usr/bin/env python3
"""The executor of fuzz/diff for wasmtime. It does the same as executor.cpp and reads and prints lines of the same
form."""
import ctypes
import os
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../build/fuzz/engines/python"))
import wasmtime  # noqa: E402
from wasmtime import _ffi as ffi  # noqa: E402

KINDS = {
    "UNREACHABLE": "unreachable", "MEMORY_OUT_OF_BOUNDS": "memory", "HEAP_MISALIGNED": "unaligned",
    "TABLE_OUT_OF_BOUNDS": "table", "INDIRECT_CALL_TO_NULL": "null", "BAD_SIGNATURE": "signature",
    "INTEGER_OVERFLOW": "overflow", "INTEGER_DIVISION_BY_ZERO": "divide", "BAD_CONVERSION_TO_INTEGER": "conversion",
    "STACK_OVERFLOW": "stack", "NULL_REFERENCE": "null", "ARRAY_OUT_OF_BOUNDS": "array", "CAST_FAILURE": "cast",
    "ALLOCATION_TOO_LARGE": "allocation", "ATOMIC_WAIT_NON_SHARED_MEMORY": "unshared",
    "UNCAUGHT_EXCEPTION": "exception",
}


def kind_of(error):
    """Returns the kind of trap in an answer's form, or "other:" and the error's text."""
    if isinstance(error, wasmtime.Trap):
        code = error.trap_code
        if code is not None:
            return KINDS.get(code.name, "other:" + code.name)
    text = str(error)
    if "exception" in text.lower():
        return "exception"
    if "heap" in text or "allocat" in text.lower():
        return "allocation"
    return "other:" + "_".join(text.split())


def configure():
    """Returns the engine's configuration."""
    config = wasmtime.Config()
    for feature in ("tail_call", "multi_memory", "memory64", "gc", "function_references", "exceptions", "threads",
                    "wide_arithmetic", "custom_page_sizes", "simd", "relaxed_simd"):
        setattr(config, "wasm_" + feature, True)
    config.shared_memory = True
    config.cranelift_opt_level = "none" if "--unoptimized" in sys.argv else "speed"
    config.parallel_compilation = False
    ffi.wasmtime_config_async_stack_size_set(config.ptr(), 8 << 20)
    config.memory_reservation = 1 << 20  # shared memories grow in place
    config.memory_guard_size = 0
    config.memory_reservation_for_growth = 0
    config.memory_init_cow = False
    config.max_wasm_stack = 6 << 20
    return config


def bytes_of(store, memory):
    """Returns the size of a memory, and its bytes."""
    if isinstance(memory, wasmtime.SharedMemory):
        length = memory.data_len()
        return length, ctypes.string_at(ctypes.addressof(memory.data_ptr().contents), length) if length else b""
    length = memory.data_len(store)
    return length, ctypes.string_at(ctypes.addressof(memory.data_ptr(store).contents), length) if length else b""


def run(engine, path):
    """Runs the module. Returns the words of the answer."""
    line = [path]
    try:
        module = wasmtime.Module.from_file(engine, path)
    except wasmtime.WasmtimeError as error:
        return line + ["reject:" + "_".join(str(error).split())]
    store = wasmtime.Store(engine)
    imports = []
    if module.imports:
        library = wasmtime.Module.from_file(engine, os.path.join(os.path.dirname(path), "library.wasm"))
        named = wasmtime.Instance(store, library, []).exports(store)
        imports = [named[item.name] for item in module.imports]
    try:
        exports = wasmtime.Instance(store, module, imports).exports(store)
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        return line + ["start:" + kind_of(error)]

    def call(name):
        """Calls an export and adds its result to the answer. Returns False if a limit of the engine was reached."""
        try:
            line.append("%s=%x" % (name, exports[name](store) & (2**64 - 1)))
            return True
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            kind = kind_of(error)
            line.append("%s=!%s" % (name, kind))
            return kind not in ("stack", "allocation")

    number = 0
    while exports.get("e%d" % number) is not None:
        if not call("e%d" % number):
            return line
        number += 1
    if not call("state"):
        return line
    number = 0
    while (memory := exports.get("m%d" % number)) is not None:
        length, contents = bytes_of(store, memory)
        line.append("m%d=%x:%x" % (number, length, zlib.crc32(contents)))
        number += 1
    return line


def main():
    engine = wasmtime.Engine(configure())
    for path in sys.stdin.read().split():
        print(" ".join(run(engine, path)), flush=True)


main()
