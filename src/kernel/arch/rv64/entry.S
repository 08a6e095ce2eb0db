// The first instructions. SBI enters them in supervisor mode with translation off; a0 holds the hart's number, a1 the
// physical address of the device tree [sbi]. They make the first page tables (Sv39, which every RISC-V CPU with paging
// has) and go on at high addresses.
//
// The first page tables have pages of 1 GiB. They map the GiB that holds the kernel twice, one to one and at
// KERNEL_BASE, and they map the direct map of 128 GiB. All pages are writable and executable; initialize_memory
// replaces and erases these tables.

  .section .start, "ax"
  .globl sbi_entry
sbi_entry:
  csrw sie, zero
  csrw sip, zero
  la sp, boot_stack_top
  mv s0, a0
  mv s1, a1

  la t0, boot_root
  // The direct map: root entry 256 + i maps GiB i.
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
  // The kernel's GiB, at its physical address and at KERNEL_BASE + its physical address.
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

  // Turn translation on and go on at high_start. The trap vector is high_start too, so a fault at the next instruction
  // leads there as well.
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
  la sp, boot_stack_top     // computed from the program counter, so it is a high address
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

  // Other harts are started here, with translation off, and stop at once.
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
boot_stack_guard:           // twice the largest frame that tools/check_stacks.py allows
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
