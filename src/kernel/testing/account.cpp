#include "kernel/testing/account.hpp"

#include "base/format.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel {

Account Account::now() {
  const MemoryStatistics memory = memory_statistics();
  return {.frames = (memory.total - memory.free - memory.heap - memory.nodes) >> kPageBits,
          .heap_used = memory.heap_used,
          .committed = memory.committed,
          .filled = memory.filled,
          .promised = memory.promised,
          .reservations = memory.reservations,
          .segments = memory.segments};
}

std::string Account::difference(const Account& before) const {
  std::string text;
  const auto add = [&](std::string_view what, uint64_t is, uint64_t was) {
    if (is == was) return;
    text.append(text.empty() ? "" : ", ").append(what).append(is > was ? " +" : " -");
    text += decimal(is > was ? is - was : was - is);
  };
  add("frames", frames, before.frames);
  add("heap bytes", heap_used, before.heap_used);
  add("committed bytes", committed, before.committed);
  add("filled bytes", filled, before.filled);
  add("promised bytes", promised, before.promised);
  add("reservations", reservations, before.reservations);
  add("segments", segments, before.segments);
  return text;
}

}  // namespace cairn::kernel
