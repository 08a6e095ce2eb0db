// Defines test_catch(function, argument), which kernel/testing/catch.hpp describes.
  .text
  .globl test_catch, test_catch_resume
test_catch:
  addi sp, sp, -112
  sd ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  sd s\r, 8+8*\r(sp)
  .endr
  la t0, test_catch_stack
  sd sp, 0(t0)
  mv t0, a0
  mv a0, a1
  jalr t0
  li a0, 0
  j 1f
test_catch_resume:
  li a0, 1
1:
  ld ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  ld s\r, 8+8*\r(sp)
  .endr
  addi sp, sp, 112
  ret

  .bss
  .balign 8
  .globl test_catch_stack
test_catch_stack: .skip 8
  .section .note.GNU-stack, "", @progbits
