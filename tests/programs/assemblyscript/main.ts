// AssemblyScript's runtime at work: its incremental collector, maps, sets, sorting, strings, floats as text.
let seed: u64 = 88172645463325252;
function random(): u64 {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

class Node {
  left: Node | null = null;
  right: Node | null = null;
  constructor(public value: i32) {}
  sum(): i64 {
    let result: i64 = this.value;
    const left = this.left, right = this.right;
    if (left) result += left.sum();
    if (right) result += right.sum();
    return result;
  }
}
function grow(depth: i32): Node {
  const node = new Node(depth);
  if (depth > 0) {
    node.left = grow(depth - 1);
    node.right = grow(depth - 1);
  }
  return node;
}

abstract class Shape {
  abstract area(): f64;
  toString(): string { return `${this.area()}`; }
}
class Circle extends Shape {
  constructor(private radius: f64) { super(); }
  area(): f64 { return Math.PI * this.radius * this.radius; }
}
class Square extends Shape {
  constructor(private side: f64) { super(); }
  area(): f64 { return this.side * this.side; }
}

function fold(hash: u32, text: string): u32 {
  for (let i = 0; i < text.length; ++i) hash = (hash ^ text.charCodeAt(i)) * 16777619;
  return hash;
}

const counts = new Map<i32, i32>();
function collections(): void {
  for (let i = 0; i < 20000; ++i) {
    const key = <i32>(random() % 1000);
    counts.set(key, counts.has(key) ? counts.get(key) + 1 : 1);
  }
  const keys = counts.keys().sort((a, b) => counts.get(b) - counts.get(a) || a - b);
  console.log(`${keys.length} ${keys[0]} ${counts.get(keys[0])} ${keys[999]}`);
  const words = new Set<string>();
  for (let i = 0; i < 3000; ++i) words.add((random() % 2000).toString(36));
  const sorted = words.values().sort();
  console.log(`${sorted.length} ${sorted[0]} ${sorted[sorted.length - 1]} ${fold(2166136261, sorted.join(","))}`);
  const floats = new Float64Array(5000);
  for (let i = 0; i < floats.length; ++i) floats[i] = Math.sin(<f64>i) * 1000;
  floats.sort();
  console.log(floats.subarray(0, 3).join(" "));
}

function collecting(): void {
  const kept = grow(12);
  let total: i64 = 0;
  for (let i = 0; i < 100; ++i) total += grow(9).sum();
  __collect();
  console.log(`${kept.sum()} ${total}`);
}

function numbers(): void {
  const values: f64[] = [0.1, 1.0 / 3.0, 1e21, 1e-7, 123456789.125, f64.MAX_VALUE, 5e-324, -0.0, NaN, Infinity, 4.35, 2e-310];
  for (let i = 0; i < values.length; ++i) console.log(`${values[i]} ${<f32>values[i]} ${parseFloat(values[i].toString()) == values[i]}`);
  let hash: u32 = 2166136261;
  for (let i = 0; i < 2000; ++i) hash = fold(hash, reinterpret<f64>(random()).toString());
  console.log(`${hash} ${i64.MIN_VALUE} ${u64.MAX_VALUE} ${(<i64>-255).toString(16)} ${I32.parseInt("7fz", 16)} ${clz<i64>(1)} ${popcnt<u32>(0xf0f0)}`);
}

function text(): void {
  const line = "Der Fluß — 世界 🦀 end";
  console.log(`${line.length} ${line.toUpperCase()} ${line.indexOf("世")} ${line.split(" ").reverse().join("|")}`);
  console.log(line.padEnd(30, ".") + line.replaceAll("e", "E").slice(-7) + String.fromCodePoint(0x1f980));
  console.log(String.UTF8.byteLength(line).toString() + " " + line.codePointAt(16).toString());
  const shapes: Shape[] = [new Circle(1.5), new Square(2)];
  console.log(shapes.map<string>((shape) => shape.toString()).join(" "));
}

export function main(): void {
  console.log(process.argv.slice(1).join(","));
  collections();
  collecting();
  numbers();
  text();
  process.exit(5);
}
main();
