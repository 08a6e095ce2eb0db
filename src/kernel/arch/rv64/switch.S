// Switches between fibers' kernel stacks (kernel/fibers/switch.hpp). Saves the return address and the registers that a
// called function must preserve [riscv-elf, Register Convention]: s0 to s11 and fs0 to fs11.

  .text
  .balign 4
  .globl cairn_switch_stacks
  .type cairn_switch_stacks, @function
cairn_switch_stacks:          // a0: where to store the old stack pointer, a1: the new one
  addi sp, sp, -208
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  .irp r, 2,3,4,5,6,7,8,9,10,11
  sd s\r, 8+8*\r(sp)
  .endr
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  fsd fs\r, 104+8*\r(sp)
  .endr
  sd sp, 0(a0)
  mv sp, a1
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  fld fs\r, 104+8*\r(sp)
  .endr
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  .irp r, 2,3,4,5,6,7,8,9,10,11
  ld s\r, 8+8*\r(sp)
  .endr
  addi sp, sp, 208
  ret
  .size cairn_switch_stacks, . - cairn_switch_stacks

  // The first code of a fiber: s1 holds the function to call, s2 its argument. It does not return.
  .balign 4
  .globl cairn_start_on_stack
cairn_start_on_stack:
  li s0, 0                    // the end of every backtrace
  mv a0, s2
  jalr s1
  unimp

  .section .note.GNU-stack, "", @progbits
