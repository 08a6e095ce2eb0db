// Parses any text as a script of the specification's tests, and executes the script. Guest code runs for a limited
// time.
//
// A script is only parsed if it has more than 100 directives, or a module with a memory of more than 4 MiB or a table
// of more than 10,000 elements. Such scripts are valid, but executing them makes fuzzing slow.
#include "wasm/text/wast.hpp"

#include "runtime/configure.hpp"
#include "support/check.hpp"
#include "support/guest_scope.hpp"
#include "support/input.hpp"
#include "testing/wast/script_runner.hpp"
#include "wasm/decoder.hpp"

using namespace cairn;

namespace {

bool is_small(const Result<std::vector<std::byte>>& bytes) {
  if (!bytes) return true;
  const auto module = wasm::decode_module(*bytes, wasm::Features::all());
  if (!module) return true;
  for (const wasm::Memory& memory : module->memories) {
    if (memory.type.limits.minimum > uint64_t{4} << 20 >> memory.type.page_size_log2) return false;
  }
  for (const wasm::Table& table : module->tables) {
    if (table.type.limits.minimum > 10'000) return false;
  }
  return true;
}

bool is_small(std::span<const wasm::text::Directive> directives) {
  for (const wasm::text::Directive& directive : directives) {
    if (const auto* define = std::get_if<wasm::text::DefineModule>(&directive.what)) {
      if (!is_small(define->module.bytes)) return false;
    } else if (const auto* assertion = std::get_if<wasm::text::AssertModule>(&directive.what)) {
      const auto* module = std::get_if<wasm::text::ScriptModule>(&assertion->subject);
      if (module != nullptr && !is_small(module->bytes)) return false;
    } else if (const auto* thread = std::get_if<wasm::text::Thread>(&directive.what)) {
      if (!is_small(thread->directives)) return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto script = wasm::text::parse_script(fuzz::as_text(data, size), "input");
  if (!script || script->directives.size() > 100 || !is_small(script->directives)) return 0;
  runtime::ScriptRunner runner(fuzz::shared_engine(), [](std::string_view) {});
  const fuzz::GuestScope scope;
  runner.run("input", fuzz::as_text(data, size));
  return 0;
}
