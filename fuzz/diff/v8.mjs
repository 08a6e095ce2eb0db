// The executor of fuzz/diff for V8. It does the same as executor.cpp and reads and prints lines of the same form. Run
// it by node with --expose-gc.
import { readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

// The beginnings of V8's messages, and the kinds of traps. Kinds with the same message are compared as one (MERGED in
// executors.py).
const kinds = [
  ['unreachable', 'unreachable'],
  ['memory access out of bounds', 'memory'],
  ['data segment out of bounds', 'memory'],
  ['operation does not support unaligned accesses', 'unaligned'],
  ['divide by zero', 'divide'],
  ['remainder by zero', 'divide'],
  ['divide result unrepresentable', 'overflow'],
  ['float unrepresentable in integer range', 'conversion'],
  ['table index is out of bounds', 'table'],
  ['table access out of bounds', 'table'],
  ['element segment out of bounds', 'table'],
  ['null function or function signature mismatch', 'signature'],
  ['function signature mismatch', 'signature'],
  ['null function', 'null'],
  ['dereferencing a null pointer', 'null'],
  ['rethrowing null value', 'null'],
  ['illegal cast', 'cast'],
  ['array element access out of bounds', 'array'],
  ['array.', 'array'],
  ['requested new array is too large', 'allocation'],
  ['Atomics.wait', 'unshared'],
];

function kindOf(error) {
  if (error instanceof WebAssembly.Exception) return 'exception';
  if (error instanceof RangeError) return /call stack/.test(error.message) ? 'stack' : 'allocation';
  const message = error.message.replace('WebAssembly.Instance(): ', '').replace(/^(data|element) segment \d+ is/, '$1 segment');
  for (const [text, kind] of kinds) {
    if (message.startsWith(text)) return kind;
  }
  return 'other:' + error.message.replaceAll(/\s/g, '_');
}

function run(path) {
  let line = path;
  let instance;
  try {
    const module = new WebAssembly.Module(readFileSync(path));
    const imports = {};
    if (WebAssembly.Module.imports(module).length !== 0) {
      const library = new WebAssembly.Module(readFileSync(dirname(path) + '/library.wasm'));
      imports.library = new WebAssembly.Instance(library).exports;
    }
    instance = new WebAssembly.Instance(module, imports);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) {
      return line + ' reject:' + error.message.replaceAll(/\s/g, '_');
    }
    return line + ' start:' + kindOf(error);
  }
  const { exports } = instance;
  const call = (name) => {
    try {
      line += ` ${name}=${BigInt.asUintN(64, exports[name]()).toString(16)}`;
      return true;
    } catch (error) {
      const kind = kindOf(error);
      line += ` ${name}=!${kind}`;
      return kind !== 'stack' && kind !== 'allocation';
    }
  };
  for (let i = 0; `e${i}` in exports; ++i) {
    if (!call(`e${i}`)) return line;
  }
  if (!call('state')) return line;
  for (let i = 0; `m${i}` in exports; ++i) {
    const bytes = new Uint8Array(exports[`m${i}`].buffer);
    line += ` m${i}=${bytes.length.toString(16)}:${crc32(bytes).toString(16)}`;
  }
  return line;
}

let done = 0;
for (const path of readFileSync(0, 'utf8').split('\n')) {
  if (path === '') continue;
  writeSync(1, run(path) + '\n');
  // Only a garbage collection releases the address space of memories.
  if (++done % 50 === 0) globalThis.gc();
}
