#include <algorithm>
#include <array>

#include "base/operation.hpp"
#include "wasi/system/functions.hpp"

namespace cairn::wasi::system {
namespace {

constexpr std::string_view kModule = "cairn:system", kStopRequested = "stop_requested";

// Turns `function` into a host function.
template <auto function>
struct Adapter;
template <class... A, Errno (*function)(Call&, A...)>
struct Adapter<function> {
  static std::expected<uint32_t, runtime::Trap> run(Context& context, runtime::Caller& caller, A... arguments) {
    Call call{context, GuestMemory(caller.exported_memory("memory")), Snapshot::preview1};
    return static_cast<uint32_t>(function(call, arguments...));
  }
};

#define CAIRN_SYSTEM_FUNCTION(name) runtime::host_entry<&Adapter<&system::name>::run>(#name)
// Sorted by name.
constexpr std::array kWithCapability = {
    CAIRN_SYSTEM_FUNCTION(counters), CAIRN_SYSTEM_FUNCTION(kill),         CAIRN_SYSTEM_FUNCTION(log),
    CAIRN_SYSTEM_FUNCTION(pipe),     CAIRN_SYSTEM_FUNCTION(request_stop), CAIRN_SYSTEM_FUNCTION(spawn),
    CAIRN_SYSTEM_FUNCTION(stop),     CAIRN_SYSTEM_FUNCTION(wait),
};
constexpr std::array kForAll = {CAIRN_SYSTEM_FUNCTION(stop_requested)};
#undef CAIRN_SYSTEM_FUNCTION
static_assert(std::ranges::is_sorted(kWithCapability, {}, &runtime::HostEntry::name));

}  // namespace

Result<void> define(runtime::Linker& linker, Context& context) {
  CAIRN_TRY(linker.define_entries(kModule, kForAll, &context));
  if (context.children() == nullptr) return {};
  return linker.define_entries(kModule, kWithCapability, &context);
}

Result<void> check_imports(const wasm::Module& module, Context& context) {
  if (context.children() != nullptr) return {};
  for (const wasm::Import& import : module.imports) {
    if (import.module != kModule || import.name == kStopRequested) continue;
    return fail(Error::of(ErrorKind::link,
                          "the module imports " + import.module + "::" + import.name +
                              ", and the program may not start others; --allow system lets it (in a system file: allow "
                              "= [\"system\"])"));
  }
  return {};
}

}  // namespace cairn::wasi::system
