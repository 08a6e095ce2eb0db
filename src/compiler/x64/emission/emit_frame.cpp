// Emits the prologue and the epilogue.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using codegen::PReg;

void Emitter::prologue() {
  constexpr int32_t kPage = 4096;  // bytes
  const auto frame = static_cast<int32_t>(frame_.frame_bytes);
  if (frame > kPage) {
    // The pages are touched from the top down (by `test` instructions, which only read), so that the first access
    // beyond the stack hits the guard page. The stack pointer has not moved yet.
    const int32_t pages = frame / kPage;
    if (pages <= 4) {
      for (int32_t i = 1; i <= pages; ++i)
        asm_.rm(one_byte(0x85), rsp, Rm::m({.base = rsp, .displacement = -i * kPage}));  // test
    } else {
      const Label loop = asm_.new_label();
      asm_.mov_ri(kScratch, 0);
      asm_.bind(loop);
      asm_.alu_rm_i(Alu::sub, 8, Rm::r(kScratch), kPage);
      asm_.rm(one_byte(0x85), rsp, Rm::m({.base = rsp, .index = kScratch}));  // test
      asm_.alu_rm_i(Alu::cmp, 8, Rm::r(kScratch), -pages * kPage);
      asm_.jcc(Cc::ne, loop);
    }
  }
  if (frame != 0) asm_.alu_rm_i(Alu::sub, 8, Rm::r(rsp), frame);
  code_.frame_begin = code_.offset();
  int32_t at = static_cast<int32_t>(frame_.saved_offset);
  for (size_t i = 0; i < kCalleeSaved.size(); ++i) {
    if (!allocation_.used_callee_saved.has(kCalleeSaved[i])) continue;
    asm_.store(8, {.base = rsp, .displacement = at}, kCalleeSaved[i].encoding());
    code_.saved_registers |= uint32_t{1} << i;
    at += 8;
  }
  code_.body_begin = code_.offset();
}

// Restores the callee-saved registers and removes the frame. The return itself is emitted by the caller.
void Emitter::epilogue() {
  int32_t at = static_cast<int32_t>(frame_.saved_offset);
  for (const PReg r : kCalleeSaved) {
    if (!allocation_.used_callee_saved.has(r)) continue;
    asm_.load(true, r.encoding(), {.base = rsp, .displacement = at});
    at += 8;
  }
  if (frame_.frame_bytes != 0) asm_.alu_rm_i(Alu::add, 8, Rm::r(rsp), static_cast<int32_t>(frame_.frame_bytes));
}

}  // namespace cairn::x64
