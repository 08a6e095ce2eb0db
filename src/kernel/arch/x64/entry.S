// The first instructions: entered by PVH in 32-bit protected mode, paging off, %ebx = physical address of the start
// information [pvh]. Refuses CPUs below the floor, makes first page tables and goes on in long mode at high addresses.
//
// The first tables: the first 4 GiB one to one and again at the direct map, the first GiB of it at KERNEL_BASE. They are
// writable and executable throughout; the kernel replaces and erases them before it does anything else with memory.

#define PHYSICAL(symbol) (symbol - 0xffffffff80000000)

  .section .note.pvh, "a", @note
  .long 4, 4, 18            // name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long pvh_entry

  .section .start, "ax"
  .code32
  .globl pvh_entry
pvh_entry:
  cli
  cld
  movl $PHYSICAL(boot_stack_top), %esp
  movl %ebx, %ebp

  // The floor: SSE4.1 (guest code uses it), long mode, no-execute.
  movl $1, %eax
  cpuid
  movl $message_sse41, %esi
  testl $(1 << 19), %ecx
  jz refuse
  movl $0x80000000, %eax
  cpuid
  movl $message_nx, %esi
  cmpl $0x80000001, %eax
  jb refuse
  movl $0x80000001, %eax
  cpuid
  testl $(1 << 20), %edx
  jz refuse
  movl $message_long, %esi
  testl $(1 << 29), %edx
  jz refuse

  // 4 GiB in 2 MiB pages.
  movl $PHYSICAL(boot_directories), %edi
  movl $0x83, %eax          // present, writable, large
  xorl %edx, %edx
  movl $2048, %ecx
1:
  movl %eax, (%edi)
  movl %edx, 4(%edi)
  addl $0x200000, %eax
  addl $8, %edi
  loop 1b
  movl $PHYSICAL(boot_directories) + 3, %eax
  movl %eax, PHYSICAL(boot_pointers_low)
  movl %eax, PHYSICAL(boot_pointers_high) + 510 * 8
  addl $4096, %eax
  movl %eax, PHYSICAL(boot_pointers_low) + 8
  addl $4096, %eax
  movl %eax, PHYSICAL(boot_pointers_low) + 16
  addl $4096, %eax
  movl %eax, PHYSICAL(boot_pointers_low) + 24
  movl $PHYSICAL(boot_pointers_low) + 3, PHYSICAL(boot_root)
  movl $PHYSICAL(boot_pointers_low) + 3, PHYSICAL(boot_root) + 256 * 8
  movl $PHYSICAL(boot_pointers_high) + 3, PHYSICAL(boot_root) + 511 * 8

  movl $PHYSICAL(boot_root), %eax
  movl %eax, %cr3
  movl %cr4, %eax
  orl $0x620, %eax          // PAE, OSFXSR, OSXMMEXCPT
  movl %eax, %cr4
  movl $0xc0000080, %ecx    // EFER
  rdmsr
  orl $0x900, %eax          // LME, NXE
  wrmsr
  movl %cr0, %eax
  andl $~0xc, %eax          // no emulation of the FPU, no lazy switching
  orl $0x80010022, %eax     // PG, WP, NE, MP
  movl %eax, %cr0
  lgdt boot_gdt_pointer
  ljmpl $8, $enter_long_mode

  // %esi = message. Says it on the serial port and through the exit device, then stops.
refuse:
  movw $0x3f8, %dx
1:
  lodsb
  testb %al, %al
  jz 2f
  outb %al, %dx
  jmp 1b
2:
  movw $0x501, %dx
  movl $65, %eax
  outl %eax, %dx
3:
  hlt
  jmp 3b

message_sse41: .asciz "cairn: this CPU is below the floor: it lacks SSE4.1\r\n"
message_long:  .asciz "cairn: this CPU is below the floor: it lacks long mode\r\n"
message_nx:    .asciz "cairn: this CPU is below the floor: it lacks no-execute pages\r\n"

  .balign 8
boot_gdt:
  .quad 0
  .quad 0x00af9b000000ffff  // 64-bit code
  .quad 0x00cf93000000ffff  // data
boot_gdt_pointer:
  .word 23
  .long boot_gdt

  .code64
enter_long_mode:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  xorl %eax, %eax
  movw %ax, %fs
  movw %ax, %gs
  movabsq $high_start, %rax
  jmpq *%rax

  .text
high_start:
  movq $boot_stack_top, %rsp
  movl %ebp, %edi
  xorl %ebp, %ebp
  pushq $0                  // the end of every backtrace
  pushq $0
  callq cairn_boot
1:
  hlt
  jmp 1b

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
boot_root:          .skip 4096
boot_pointers_low:  .skip 4096
boot_pointers_high: .skip 4096
boot_directories:   .skip 4 * 4096
boot_tables_end:

  .section .guard_pages, "a", @progbits  // unmapped once the kernel has its own tables
  .set page, 0
  .rept 8
  .quad boot_stack_guard + page
  .set page, page + 4096
  .endr

  .section .note.GNU-stack, "", @progbits
