#include "kernel/program/records.hpp"

#include "base/boot_protocol.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel {
namespace {

void send_heap(const runtime::HeapStatistics& heap) {
  const std::string_view stat = control_record::kStat;
  send_record(stat, "gc_minor", heap.minor_collections);
  send_record(stat, "gc_major", heap.major_collections);
  send_record(stat, "gc_allocated_bytes", heap.allocated_bytes);
  send_record(stat, "gc_live_bytes", heap.live_bytes);
  send_record(stat, "gc_maximum_pause", heap.pauses.maximum());
  send_record(stat, "gc_99_percent_pause", heap.pauses.quantile(990));
  send_record(stat, "gc_pauses", heap.pauses.total());
}

}  // namespace

void send_record(std::string_view kind, std::string_view name, uint64_t value) {
  LogLine line;
  line << kind;
  if (!name.empty()) line << " " << name;
  line << " " << value << "\n";
  console::write(Port::control, line.text());
}

void send_times(uint64_t booted, const wasi::PhaseTimes* times) {
  const std::string_view time = control_record::kTime;
  send_record(time, "boot", booted);
  if (times != nullptr) {
    send_record(time, "decode", times->decode);
    send_record(time, "compile", times->compile);
    send_record(time, "instantiate", times->instantiate);
    send_record(time, "run", times->run);
  }
  send_record(time, "total", nanoseconds_since_boot());
  if (times != nullptr) send_record(control_record::kStat, "code_bytes", times->code_bytes);
  const MemoryStatistics memory = memory_statistics();
  send_record(control_record::kStat, "resident_bytes", memory.total - memory.free);
  if (times != nullptr && times->heap) send_heap(*times->heap);
}

}  // namespace cairn::kernel
