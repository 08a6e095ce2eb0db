// The first instructions of the CPU that boots, and of the others.
//
// SBI enters sbi_entry in supervisor mode with translation off; a0 holds the hart's number, a1 the physical address of
// the device tree [sbi]. The code there makes the first page tables (Sv39, which every RISC-V CPU with paging has) and
// goes on at high addresses. The others begin at cpu_start.
//
// The first page tables have pages of 1 GiB. They map the GiB that holds the kernel twice, one to one and KERNEL_BASE
// above (kernel.ld), and they map the direct map of 128 GiB. All pages are writable and executable; initialize_memory
// replaces and erases these tables.

  .section .start, "ax"
  .globl sbi_entry
sbi_entry:
  csrw sie, zero
  csrw sip, zero
  // The first hart that comes here boots the kernel. OpenSBI up to version 1.2 may also start a hart here that was to
  // start at cpu_start, because the hart may see the request to start before it sees the new address.
  la t0, boot_hart_claim
  li t1, 1
  amoswap.w t1, t1, (t0)
  bnez t1, cpu_start
  la sp, boot_stack_top
  mv s0, a0
  mv s1, a1

  la t0, boot_root
  // The direct map: root entry 256 + i maps GiB i.
  addi t1, t0, 1024
  addi t1, t1, 1024
  li t2, 0xef               // dirty, accessed, global, execute, write, read, valid
  li t3, 128
  li t4, 1 << 28            // the distance between the entries of adjacent GiB: 1 GiB in pages, shifted left by 10
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

  srli t1, t0, 12
  li t2, 8 << 60
  or t1, t1, t2
  la t4, high_start

  // Turns translation on with t1 for satp. Goes on at the code whose physical address is in t4, at its high address.
  // The trap vector is that address too, so that a fault at the next instruction leads there as well.
enable_translation:
  li t3, 0xffffffff00000000
  add t4, t4, t3
  csrw stvec, t4
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

  // Another hart begins here, with translation off; a0 holds its number. It waits for an offer (struct CpuOffer,
  // kernel/trap/start_cpu.hpp) to the hart with its number. Interrupts end its wait, but are not taken.
  .equ offer_made, 1
  .equ offer_taken, 2
  .equ offer_start_tables, 8
  .equ offer_stack_end, 16
  .globl cpu_start
cpu_start:
  csrwi sie, 2              // software interrupts
  la a1, cairn_cpu_offer
  slli t1, a0, 2
  addi t2, t1, offer_taken
  addi t1, t1, offer_made
  j 2f
1:
  wfi
2:
  csrci sip, 2              // precedes the read of the offer, so an interrupt after the read ends the next wait
3:
  lr.d.aq t3, (a1)
  bne t3, t1, 1b
  sc.d t3, t2, (a1)
  bnez t3, 3b
  fence.i
  ld t1, offer_start_tables(a1)
  la t4, high_cpu_start
  j enable_translation

  .balign 4
high_cpu_start:
  .option push
  .option norelax
  la t0, cairn_cpu_offer
  .option pop
  ld sp, offer_stack_end(t0)
  li s0, 0                  // the end of every backtrace
  li ra, 0
  li gp, 0
  call cairn_set_up_cpu
1:
  wfi
  j 1b

  .data
  .balign 4
boot_hart_claim:            // not 0: a hart boots the kernel
  .long 0

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
