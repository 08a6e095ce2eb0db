#include "kernel/program/engine_config.hpp"

#include <algorithm>

#include "kernel/memory/memory.hpp"
#include "runtime/configure.hpp"

namespace cairn::kernel {

Result<runtime::EngineConfig> engine_config(const BootConfig& boot) {
  runtime::EngineConfig config = CAIRN_TRY(runtime::configure_engine(boot));
  const uint64_t free = memory_statistics().free;
  size_t& budget = config.compiler.function_budget_bytes;
  budget = std::min<size_t>(budget, free / 4);
  config.heap.limit_bytes = std::min(config.heap.limit_bytes, free / 2);
  return config;
}

}  // namespace cairn::kernel
