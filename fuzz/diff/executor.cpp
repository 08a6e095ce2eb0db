// Runs modules of fuzz/generator on this engine and prints what they did, for fuzz/diff/run.py to compare with other
// engines.
//   cairn-diff [--engine KEY=VALUE]... [--bounds check] <LIST
// Each line of LIST is the path of a module. For each module, one line is printed: the path and the following words,
// separated by spaces. Exports e0, e1, ... and `state` are called in order. A module with imports gets them from an
// instance of `library.wasm` in the same directory.
//   reject:MESSAGE         not compiled
//   start:KIND             the start function or a segment trapped
//   e0=HEX or e0=!KIND     a result or a trap; after !stack nothing more is done with that module
//   m0=LENGTH:CRC          the memory at the end
//   marks=HEX,HEX,...      the addresses of the bytes of the memory `marks` that are not 0, if the module exports this
//                          memory (fuzz/generator/src/marks.rs)
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/boot_protocol.hpp"
#include "runtime/calls/func.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "runtime/module.hpp"
#include "runtime/store.hpp"

namespace cairn::diff {
namespace {

using namespace runtime;

// Returns the word for a kind of trap. All executors use the same words.
const char* kind_of(wasm::TrapKind kind) {
  using enum wasm::TrapKind;
  switch (kind) {
    case unreachable: return "unreachable";
    case integer_divide_by_zero: return "divide";
    case integer_overflow: return "overflow";
    case invalid_conversion_to_integer: return "conversion";
    case out_of_bounds_memory_access: return "memory";
    case unaligned_atomic: return "unaligned";
    case out_of_bounds_table_access:
    case undefined_element: return "table";
    case indirect_call_type_mismatch: return "signature";
    case call_stack_exhausted: return "stack";
    case uninitialized_element:
    case null_reference:
    case null_function_reference:
    case null_structure_reference:
    case null_array_reference:
    case null_i31_reference:
    case null_exception_reference: return "null";
    case cast_failure: return "cast";
    case out_of_bounds_array_access: return "array";
    case uncaught_exception: return "exception";
    case expected_shared_memory: return "unshared";
    case allocation_failure: return "allocation";
    default: return "other";
  }
}

// Returns zlib's CRC-32, which the other executors have in their libraries.
uint32_t crc32(std::span<const std::byte> bytes) {
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb8'8320 : 0);
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = 0xffff'ffff;
  for (const std::byte byte : bytes) crc = kTable[(crc ^ static_cast<uint32_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

// Returns the text as one word.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == ' ') c = '_';
  }
  return text;
}

// Calls an export and prints its result. Returns false if nothing after this call can be compared.
bool call_export(Store& store, Instance instance, const std::string& name) {
  const std::optional<Func> function = get_export_as<Func>(store, instance, name);
  if (!function) return false;
  const auto results = call(store, *function, {});
  if (results) {
    std::printf(" %s=%llx", name.c_str(), static_cast<unsigned long long>(results->front().low()));
    return true;
  }
  const char* kind = kind_of(results.error().kind);
  std::printf(" %s=!%s", name.c_str(), kind);
  return kind != std::string_view("stack") && kind != std::string_view("allocation");
}

// Calls the exports e0, e1, ... and `state`, and prints the results, then the sizes and checksums of the memories.
void run_calls(Store& store, Instance instance) {
  for (uint32_t i = 0;; ++i) {
    const std::string name = "e" + std::to_string(i);
    if (!get_export(store, instance, name)) break;
    if (!call_export(store, instance, name)) return;
  }
  if (!call_export(store, instance, "state")) return;
  for (uint32_t i = 0;; ++i) {
    const std::optional<Memory> memory = get_export_as<Memory>(store, instance, "m" + std::to_string(i));
    if (!memory) break;
    const MemoryObject& object = store[*memory];
    const uint64_t length = object.length();
    std::printf(" m%u=%llx:%x", i, static_cast<unsigned long long>(length),
                crc32(object.reservation.first(static_cast<size_t>(length))));
  }
}

// Prints the offsets of the bytes of the memory `marks` that are not 0, if there is such a memory.
void print_marks(Store& store, Instance instance) {
  const std::optional<Memory> memory = get_export_as<Memory>(store, instance, "marks");
  if (!memory) return;
  const MemoryObject& object = store[*memory];
  const char* before = " marks=";
  for (size_t place = 0; place < object.length(); ++place) {
    if (object.reservation[place] == std::byte{0}) continue;
    std::printf("%s%zx", before, place);
    before = ",";
  }
}

std::vector<std::byte> read_file(const std::string& path) {
  std::vector<std::byte> bytes;
  FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return bytes;
  std::array<std::byte, 4096> buffer;
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), file)) {
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(count));
  }
  std::fclose(file);
  return bytes;
}

// Instantiates the library.wasm that is in the same directory as the module at `path`.
Result<void> define_library(Linker& linker, Store& store, const std::string& path) {
  const std::string file = path.substr(0, path.rfind('/') + 1) + "library.wasm";
  const Ref<Module> library = CAIRN_TRY(Module::create(store.engine(), read_file(file)));
  const Outcome<Instance> instance = Linker(store).instantiate(library);
  CAIRN_ASSERT(instance.has_value());
  return linker.define_instance("library", *instance);
}

// Runs one module, and prints its line of answers.
void run_module(Engine& engine, const std::string& path) {
  std::printf("%s", path.c_str());
  const Result<Ref<Module>> module = Module::create(engine, read_file(path));
  if (!module) {
    std::printf(" reject:%s\n", one_line(module.error().to_string()).c_str());
    return;
  }
  const Result<std::unique_ptr<Store>> store = Store::create(engine);
  if (!store) {
    std::printf(" reject:%s\n", one_line(store.error().to_string()).c_str());
    return;
  }
  Linker linker(**store);
  if (!(*module)->definition().imports.empty()) {
    const Result<void> linked = define_library(linker, **store, path);
    if (!linked) {
      std::printf(" reject:%s\n", one_line(linked.error().to_string()).c_str());
      return;
    }
  }
  const Outcome<Instance> instance = linker.instantiate(*module);
  if (instance) {
    run_calls(**store, *instance);
    print_marks(**store, *instance);
  } else if (instance.error().trap) {
    std::printf(" start:%s", kind_of(instance.error().trap->kind));
  } else {
    std::printf(" reject:%s", one_line(instance.error().error.to_string()).c_str());
  }
  std::printf("\n");
}

Result<void> run(const BootConfig& settings) {
  const EngineConfig config = CAIRN_TRY(configure_engine(settings));
  const std::unique_ptr<Engine> engine = CAIRN_TRY(Engine::create(config));
  std::array<char, 4096> line;
  while (std::fgets(line.data(), static_cast<int>(line.size()), stdin) != nullptr) {
    std::string path = line.data();
    if (path.ends_with('\n')) path.pop_back();
    run_module(*engine, path);
    std::fflush(stdout);
  }
  return {};
}

}  // namespace
}  // namespace cairn::diff

int main(int argc, char** argv) {
  cairn::BootConfig settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--engine") settings.engine_options.emplace_back(argv[i + 1]);
    if (option == "--bounds") settings.bounds = cairn::BoundsMode::check;
  }
  const cairn::Result<void> done = cairn::diff::run(settings);
  if (!done) std::fprintf(stderr, "cairn-diff: %s\n", done.error().to_string().c_str());
  return done ? 0 : 1;
}
