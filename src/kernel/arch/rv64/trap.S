// The entry of all traps. sscratch holds the top of this CPU's trap stack, so an overflow of the interrupted stack does
// not matter. The entry saves registers on the trap stack as TrapFrame (port/trap_frame.hpp) lays them out; then the
// frame moves to the kernel's stack (kernel/trap/frame_place.hpp). Until the frame has moved, sscratch holds the top of
// the emergency stack, where a trap within the entry is reported. Two words lie at the top of each of these two stacks:
// the address of the CPU's record, and the address of the emergency stack's top. tp (x4), which points to the record of
// the running CPU as well, is not restored: another CPU may have taken over the interrupted fiber.

  .text
  .balign 4
  .globl trap_entry
trap_entry:
  csrrw sp, sscratch, sp
  addi sp, sp, -560
  sd x1, 8(sp)
  .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd x\r, 8*\r(sp)
  .endr
  ld t0, 568(sp)
  csrrw t0, sscratch, t0
  sd t0, 16(sp)
  csrr t0, sepc
  csrr t1, sstatus
  csrr t2, scause
  csrr t3, stval
  sd t0, 256(sp)
  sd t1, 264(sp)
  sd t2, 272(sp)
  sd t3, 280(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fsd f\r, 288+8*\r(sp)
  .endr
  csrr t0, fcsr
  sd t0, 544(sp)
  li s0, 0
  mv a0, sp
  ld a1, 560(sp)
  call cairn_move_frame
  addi t0, sp, 560
  csrw sscratch, t0
  mv sp, a0
  call cairn_trap
  ld t0, 544(sp)
  csrw fcsr, t0
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fld f\r, 288+8*\r(sp)
  .endr
  ld t0, 256(sp)
  ld t1, 264(sp)
  csrw sepc, t0
  csrw sstatus, t1
  ld x1, 8(sp)
  .irp r, 3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld x\r, 8*\r(sp)
  .endr
  ld x2, 16(sp)
  sret

  // The trap stack and the emergency stack of the CPU that boots: a guard page and 16 KiB for each.
  .section .bss.pages, "aw", @nobits
  .balign 4096
  .globl trap_stacks
trap_stacks:
  .skip 2 * 5 * 4096

  .section .guard_pages, "a", @progbits
  .quad trap_stacks, trap_stacks + 5 * 4096

  .section .note.GNU-stack, "", @progbits
