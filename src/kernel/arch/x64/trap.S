// Entries of all exceptions and interrupts. The CPU enters them on a stack for traps (interrupt stack table, IST), so
// neither an overflow of the interrupted stack nor its red zone matters. The entry saves registers as TrapFrame
// (port/trap_frame.hpp) lays them out; then the frame moves to the kernel's stack (kernel/trap/frame_place.hpp), except
// for the frames of non-maskable interrupts, double faults and machine checks. The address of the CPU's record lies
// above the frame, at the top of the IST stack.

  .text
  .balign 16
  .globl trap_entries
trap_entries:
  .set number, 0
  .rept 256
  .balign 16
  // The CPU pushes an error code for the vectors in this list; for the others, the entry pushes a 0 [sdm 3A 6.15].
  .if !(number == 8 || (number >= 10 && number <= 14) || number == 17 || number == 21 || number == 29 || number == 30)
  pushq $0
  .endif
  pushq $number
  jmp trap_common
  .set number, number + 1
  .endr

trap_common:
  pushq %r15
  pushq %r14
  pushq %r13
  pushq %r12
  pushq %r11
  pushq %r10
  pushq %r9
  pushq %r8
  pushq %rdi
  pushq %rsi
  pushq %rbp
  pushq %rsp
  pushq %rbx
  pushq %rdx
  pushq %rcx
  pushq %rax
  subq $264, %rsp
  movaps %xmm0, 0(%rsp)
  movaps %xmm1, 16(%rsp)
  movaps %xmm2, 32(%rsp)
  movaps %xmm3, 48(%rsp)
  movaps %xmm4, 64(%rsp)
  movaps %xmm5, 80(%rsp)
  movaps %xmm6, 96(%rsp)
  movaps %xmm7, 112(%rsp)
  movaps %xmm8, 128(%rsp)
  movaps %xmm9, 144(%rsp)
  movaps %xmm10, 160(%rsp)
  movaps %xmm11, 176(%rsp)
  movaps %xmm12, 192(%rsp)
  movaps %xmm13, 208(%rsp)
  movaps %xmm14, 224(%rsp)
  movaps %xmm15, 240(%rsp)
  cld
  xorl %ebp, %ebp
  movq %rsp, %rdi
  movq 392(%rsp), %rax        // the vector
  cmpq $2, %rax               // non-maskable interrupt
  je 1f
  cmpq $8, %rax               // double fault
  je 1f
  cmpq $18, %rax              // machine check
  je 1f
  movq 448(%rsp), %rsi        // the CPU's record
  callq cairn_move_frame
  movq %rax, %rsp
  movq %rax, %rdi
1:
  callq cairn_trap
  movaps 0(%rsp), %xmm0
  movaps 16(%rsp), %xmm1
  movaps 32(%rsp), %xmm2
  movaps 48(%rsp), %xmm3
  movaps 64(%rsp), %xmm4
  movaps 80(%rsp), %xmm5
  movaps 96(%rsp), %xmm6
  movaps 112(%rsp), %xmm7
  movaps 128(%rsp), %xmm8
  movaps 144(%rsp), %xmm9
  movaps 160(%rsp), %xmm10
  movaps 176(%rsp), %xmm11
  movaps 192(%rsp), %xmm12
  movaps 208(%rsp), %xmm13
  movaps 224(%rsp), %xmm14
  movaps 240(%rsp), %xmm15
  addq $264, %rsp
  popq %rax
  popq %rcx
  popq %rdx
  popq %rbx
  addq $8, %rsp
  popq %rbp
  popq %rsi
  popq %rdi
  popq %r8
  popq %r9
  popq %r10
  popq %r11
  popq %r12
  popq %r13
  popq %r14
  popq %r15
  addq $16, %rsp
  iretq

  // The trap stacks of the CPU that boots: a guard page and a stack of 16 KiB for each of the four entries of the IST
  // that are used.
  .section .bss.pages, "aw", @nobits
  .balign 4096
  .globl trap_stacks
trap_stacks:
  .skip 4 * 5 * 4096

  .section .guard_pages, "a", @progbits
  .quad trap_stacks, trap_stacks + 5 * 4096, trap_stacks + 10 * 4096, trap_stacks + 15 * 4096

  .section .note.GNU-stack, "", @progbits
