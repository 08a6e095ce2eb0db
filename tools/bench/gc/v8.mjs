// Runs a WASI program in V8: v8.mjs MODULE [ARGUMENT...]. Prints three times on standard error, in milliseconds: of
// compiling and of running, by the clock, and the CPU time of running, of the thread that runs the program.
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [path, ...args] = process.argv.slice(2);
const bytes = readFileSync(path);
const wasi = new WASI({ version: 'preview1', args: [path, ...args], returnOnExit: true });
const start = performance.now();
const module = new WebAssembly.Module(bytes);
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
const compiled = performance.now();
const cpu = process.threadCpuUsage();
const status = wasi.start(instance);
const ended = performance.now();
const { user, system } = process.threadCpuUsage(cpu);
console.error(`compile ${(compiled - start).toFixed(1)} run ${(ended - compiled).toFixed(1)} cpu ${((user + system) / 1000).toFixed(1)}`);
process.exitCode = status;
