// The functions of return_point.hpp for x86-64. rbx, rbp and r12 to r15 are callee-saved [sysv-x64 3.2.1]. So are the
// floating-point control words, but no operation changes them.
#include "base/return_point.hpp"

asm(R"(
  .text
  .p2align 4
  .globl cairn_call_returnable
  .type cairn_call_returnable, @function
cairn_call_returnable:
  pushq %rbp
  movq %rsp, %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  movq %rsp, (%rdi)
  movq %rdx, %rdi
  callq *%rsi
  xorl %eax, %eax
1:
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
  .size cairn_call_returnable, . - cairn_call_returnable

  .p2align 4
  .globl cairn_return_to_point
  .type cairn_return_to_point, @function
cairn_return_to_point:
  movq (%rdi), %rsp
  movl $1, %eax
  jmp 1b
  .size cairn_return_to_point, . - cairn_return_to_point
)");
