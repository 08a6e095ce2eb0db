// Saves and restores vector registers by whole-register stores and loads [riscv-v 7.9]. On a CPU without V there is
// nothing to save: trap frames have the floating-point registers.
#include "kernel/fibers/vector_state.hpp"

#include <cstdint>
#include <new>
#include <utility>

#include "base/operation.hpp"
#include "kernel/cpu_features.hpp"
#include "port/cpu.hpp"

extern "C" {
void cairn_save_vectors(std::byte* area);
void cairn_restore_vectors(const std::byte* area);
}

// The area holds vstart, vcsr, vl and vtype, then v0 to v31. Whole-register stores and loads do not depend on vtype,
// but want a vstart of 0. An illegal vtype, as after a reset, is set again by vsetvl, with vl = 0.
asm(R"(
  .option push
  .option arch, +v
  .text
  .balign 4
  .globl cairn_save_vectors
cairn_save_vectors:
  csrr t0, vstart
  csrr t1, vcsr
  csrr t2, vl
  csrr t3, vtype
  sd t0, 0(a0)
  sd t1, 8(a0)
  sd t2, 16(a0)
  sd t3, 24(a0)
  csrw vstart, zero
  csrr t4, vlenb
  slli t4, t4, 3
  addi a0, a0, 32
  vs8r.v v0, (a0)
  add a0, a0, t4
  vs8r.v v8, (a0)
  add a0, a0, t4
  vs8r.v v16, (a0)
  add a0, a0, t4
  vs8r.v v24, (a0)
  ret

  .balign 4
  .globl cairn_restore_vectors
cairn_restore_vectors:
  ld t0, 0(a0)
  ld t1, 8(a0)
  ld t2, 16(a0)
  ld t3, 24(a0)
  csrw vstart, zero
  csrr t4, vlenb
  slli t4, t4, 3
  addi a0, a0, 32
  vl8re8.v v0, (a0)
  add a0, a0, t4
  vl8re8.v v8, (a0)
  add a0, a0, t4
  vl8re8.v v16, (a0)
  add a0, a0, t4
  vl8re8.v v24, (a0)
  vsetvl zero, t2, t3
  csrw vcsr, t1
  csrw vstart, t0
  ret
  .option pop
)");

namespace cairn::kernel {
namespace {

constexpr size_t kAlignment = 16;
constexpr size_t kControl = 4 * 8;  // vstart, vcsr, vl, vtype
constexpr size_t kRegisters = 32;

size_t area_size() {
  if (!detect_cpu_features().v) return 0;
  return kControl + kRegisters * CAIRN_CSR_READ(0xc22);  // vlenb [riscv-v 3.8]
}

}  // namespace

Result<VectorState> VectorState::create() {
  static const size_t size = area_size();
  if (size == 0) return VectorState({});
  auto* const area = static_cast<std::byte*>(operator new(size, std::align_val_t(kAlignment), std::nothrow));
  if (area == nullptr) return fail(out_of_memory("a fiber's registers", size));
  return VectorState({area, size});
}

VectorState::VectorState(VectorState&& other) noexcept : area_(std::exchange(other.area_, {})) {}
VectorState::~VectorState() { operator delete(area_.data(), std::align_val_t(kAlignment)); }

void VectorState::save() {
  if (!area_.empty()) cairn_save_vectors(area_.data());
}
void VectorState::restore() const {
  if (!area_.empty()) cairn_restore_vectors(area_.data());
}

}  // namespace cairn::kernel
