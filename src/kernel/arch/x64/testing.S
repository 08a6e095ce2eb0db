// Defines test_catch(function, argument), which kernel/testing/catch.hpp describes.
  .text
  .globl test_catch, test_catch_resume
test_catch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  movq %rsp, test_catch_stack(%rip)
  movq %rdi, %rax
  movq %rsi, %rdi
  callq *%rax
  xorl %eax, %eax
  jmp 1f
test_catch_resume:
  movl $1, %eax
1:
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq

  .bss
  .balign 8
  .globl test_catch_stack
test_catch_stack: .skip 8
  .section .note.GNU-stack, "", @progbits
