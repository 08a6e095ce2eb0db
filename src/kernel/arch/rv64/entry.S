// The first instructions: entered by SBI in supervisor mode, translation off, a0 = hart, a1 = physical address of the
// device tree [sbi]. Makes first page tables (Sv39: every RISC-V CPU that pages has it) and goes on at high addresses.
//
// The first tables: 1 GiB pages, the GiB that holds the kernel one to one and at KERNEL_BASE, and the direct map of
// 128 GiB. They are writable and executable throughout; the kernel replaces and erases them before it does anything else with memory.

  .section .start, "ax"
  .globl sbi_entry
sbi_entry:
  csrw sie, zero
  csrw sip, zero
  la sp, boot_stack_top
  mv s0, a0
  mv s1, a1

  la t0, boot_root
  // Direct map: root entries 256 + i = i GiB.
  addi t1, t0, 1024
  addi t1, t1, 1024
  li t2, 0xef               // dirty, accessed, global, execute, write, read, valid
  li t3, 128
  li t4, 1 << 28            // 1 GiB as a page table entry counts it
1:
  sd t2, 0(t1)
  add t2, t2, t4
  addi t1, t1, 8
  addi t3, t3, -1
  bnez t3, 1b
  // The kernel's GiB: where it is, and high (KERNEL_BASE + physical).
  la t1, sbi_entry
  srli t2, t1, 30
  slli t3, t2, 28
  ori t3, t3, 0xef
  slli t4, t2, 3
  add t4, t4, t0
  sd t3, 0(t4)
  li t5, -4                 // KERNEL_BASE >> 30
  add t4, t2, t5
  andi t4, t4, 511
  slli t4, t4, 3
  add t4, t4, t0
  sd t3, 0(t4)

  // Turn translation on; the trap vector catches the case that the next instruction is not there, and is where to go on.
  li t3, 0xffffffff00000000
  la t4, high_start
  add t4, t4, t3
  csrw stvec, t4
  srli t1, t0, 12
  li t2, 8 << 60
  or t1, t1, t2
  sfence.vma
  csrw satp, t1
  sfence.vma
  jr t4

  .balign 4
high_start:
  .option push
  .option norelax
  la sp, boot_stack_top     // relative to the program counter, so high now
  .option pop
  mv a0, s0
  mv a1, s1
  li s0, 0                  // the end of every backtrace
  li ra, 0
  li gp, 0
  call cairn_boot
1:
  wfi
  j 1b

  // Where other harts are started, translation off, only to be stopped again.
  .globl hart_stops
hart_stops:
  li a7, 0x48534d           // "HSM" [sbi 9]
  li a6, 1                  // stop
  ecall
1:
  wfi
  j 1b

  .section .bss.pages, "aw", @nobits
  .balign 4096
  .globl boot_stack_bottom, boot_stack_top
boot_stack_guard:           // larger than two frames of functions may be (tools/check_stacks.py)
  .skip 8 * 4096
boot_stack_bottom:
  .skip 512 * 1024
boot_stack_top:
  .globl boot_tables_start, boot_tables_end
boot_tables_start:
boot_root:
  .skip 4096
boot_tables_end:

  .section .guard_pages, "a", @progbits  // unmapped once the kernel has its own tables
  .set page, 0
  .rept 8
  .quad boot_stack_guard + page
  .set page, page + 4096
  .endr

  .section .note.GNU-stack, "", @progbits
