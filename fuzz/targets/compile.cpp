// Fuzzes the compiler: it compiles modules, mutated so that they mostly stay valid, for both architectures.
//
// The build has CAIRN_DEBUG, so the IR is verified after each pass and the register allocation is checked. A valid
// module compiles, or the error names the limit that it exceeds. The object can be read back. Compiling the module
// again gives the same bytes.
#include "compiler/compile.hpp"

#include "compiler/codegen/object/object_reader.hpp"
#include "runtime/configure.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "support/module_target.hpp"
#include "wasm/decoder.hpp"

using namespace cairn;

namespace {

// Returns options that depend on nothing but the module's bytes and the architecture, so that an input always gives the
// same result. All options that change the code vary.
compiler::Options options_of(const wasm::Module& module, compiler::Architecture architecture) {
  uint32_t hash = 2166136261;
  for (const std::byte byte : module.bytes) hash = (hash ^ static_cast<uint32_t>(byte)) * 16777619;
  compiler::Options options;
  options.architecture = architecture;
  options.features = module.features;
  options.function_budget_bytes = size_t{256} << 20;
  options.optimize = (hash >> 8 & 7) != 0;
  options.bounds = (hash >> 11 & 3) == 0 ? compiler::BoundsMode::check : compiler::BoundsMode::guard;
  if ((hash >> 13 & 3) == 0) options.register_limit = 6;
  options.deterministic_relaxed_simd = (hash >> 15 & 1) != 0;
  const bool all = (hash >> 16 & 1) != 0;
  const auto has = [&](unsigned bit) { return all || (hash >> (17 + bit) & 1) != 0; };
  if (architecture == compiler::Architecture::x86_64) {
    options.cpu = {.sse42 = has(0),
                   .popcnt = has(1),
                   .lzcnt = has(2),
                   .bmi1 = has(3),
                   .bmi2 = has(4),
                   .avx = has(5),
                   .avx2 = has(5) && has(6),
                   .fma = has(5) && has(7)};
  } else {
    options.cpu = {.zba = has(0), .zbb = has(1), .zbs = has(2), .v = has(3)};
  }
  return options;
}

void compile(const wasm::Module& module, compiler::Architecture architecture) {
  const compiler::Options options = options_of(module, architecture);
  const Result<std::vector<std::byte>> object = compiler::compile_module(module, options);
  if (!object) {
    const bool is_named = object.error().kind == ErrorKind::limit || object.error().kind == ErrorKind::unsupported;
    fuzz::check(is_named, "a valid module does not compile: " + object.error().to_string());
    return;
  }
  const auto contents = codegen::read_object(*object);
  fuzz::check(contents.has_value(), "a code object of ours cannot be read");
  fuzz::check(contents->architecture == architecture, "a code object for the wrong machine");
  if (module.bytes.size() % 16 == 0) {
    const Result<std::vector<std::byte>> again = compiler::compile_module(module, options);
    fuzz::check(again && *again == *object, "compiled twice, different objects");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto module = wasm::decode_and_validate(fuzz::to_bytes(data, size), runtime::executable_features());
  if (!module) return 0;
  compile(*module, compiler::Architecture::x86_64);
  compile(*module, compiler::Architecture::riscv64);
  return 0;
}
