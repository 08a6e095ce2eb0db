#include "compiler/build/loop_scan.hpp"

#include <cstring>

#include "wasm/decode/syntax.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::compiler {

using wasm::Opcode;

void LoopScan::scan(std::span<const std::byte> body, uint64_t offset, size_t local_count) {
  // Most functions have no loop. If the body has no byte with the value of the opcode `loop`, no scan is needed.
  constexpr int kLoop = wasm::kOpcodes[static_cast<size_t>(Opcode::loop)].code;
  if (std::memchr(body.data(), kLoop, body.size()) == nullptr) return;
  wasm::ByteReader reader(body, offset);
  Arena& arena = loops_.arena();
  if (!wasm::skip_locals(reader)) return;

  // `open` has an entry for each open block: an index in loops_, or kNoLoop if the block is no loop. `writes` has the
  // locals written since the outermost open loop began, and `starts` the position in `writes` where each open loop
  // begins.
  constexpr uint32_t kNoLoop = 0xffff'ffff;
  ScratchVector<uint32_t> open(arena);
  ScratchVector<uint32_t> starts(arena);
  ScratchVector<uint32_t> writes(arena);
  ScratchVector<uint32_t> stamps(arena);
  uint32_t stamp = 0;
  for (;;) {
    const uint64_t at = reader.offset();
    Opcode opcode = Opcode::end;
    if (reader.at_end() || arena.exhausted() || !wasm::read_opcode(reader, opcode)) return;
    switch (opcode) {
      case Opcode::local_set:
      case Opcode::local_tee: {
        uint32_t local = 0;
        if (!reader.read_u32(local) || local >= local_count) return;
        if (!starts.empty()) writes.push_back(local);
        continue;
      }
      case Opcode::loop:
        loops_.push_back({at, 0, 0});
        open.push_back(static_cast<uint32_t>(loops_.size() - 1));
        starts.push_back(static_cast<uint32_t>(writes.size()));
        break;
      case Opcode::block:
      case Opcode::if_:
      case Opcode::try_:
      case Opcode::try_table: open.push_back(kNoLoop); break;
      case Opcode::delegate:
      case Opcode::end: {
        if (open.empty()) return;  // This `end` ends the body.
        const uint32_t loop = open.back();
        open.pop_back();
        if (loop == kNoLoop) break;
        // Removes repetitions from the locals that this loop has written. Each local goes to locals_, and stays in
        // `writes` for the loops around this one.
        if (stamps.empty()) stamps.assign(local_count, 0);
        ++stamp;
        const size_t start = starts.back();
        starts.pop_back();
        size_t kept = start;
        loops_[loop].first = static_cast<uint32_t>(locals_.size());
        for (size_t i = start; i < writes.size(); ++i) {
          const uint32_t local = writes[i];
          if (stamps[local] == stamp) continue;
          stamps[local] = stamp;
          locals_.push_back(local);
          writes[kept++] = local;
        }
        loops_[loop].count = static_cast<uint32_t>(kept - start);
        if (starts.empty()) kept = 0;
        writes.resize(kept);
        break;
      }
      default: break;
    }
    if (!wasm::skip_immediates(reader, opcode, true)) return;
  }
}

std::span<const uint32_t> LoopScan::written_by(uint64_t offset) {
  while (next_ < loops_.size() && loops_[next_].offset < offset) ++next_;
  if (next_ == loops_.size() || loops_[next_].offset != offset) return {};
  return locals_.as_span().subspan(loops_[next_].first, loops_[next_].count);
}

}  // namespace cairn::compiler
