// Switches between fibers' kernel stacks (kernel/fibers/switch.hpp). Saves the registers that a called function must
// preserve [sysv-x64 3.2.1]: rbx, rbp, r12 to r15, and the control words of SSE and x87.

  .text
  .balign 16
  .globl cairn_switch_stacks
  .type cairn_switch_stacks, @function
cairn_switch_stacks:          // rdi: where to store the old stack pointer, rsi: the new one
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
  .size cairn_switch_stacks, . - cairn_switch_stacks

  // The first code of a fiber: r12 holds the function to call, r13 its argument. It does not return.
  .balign 16
  .globl cairn_start_on_stack
cairn_start_on_stack:
  xorl %ebp, %ebp             // the end of every backtrace
  movq %r13, %rdi
  callq *%r12
  ud2

  .section .note.GNU-stack, "", @progbits
