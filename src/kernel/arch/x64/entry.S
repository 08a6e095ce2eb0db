// The first instructions of the CPU that boots, and of the others.
//
// PVH enters pvh_entry in 32-bit protected mode with paging off; %ebx holds the physical address of the start
// information [pvh]. The code there refuses CPUs that lack a feature of the floor (the features that Cairn uses without
// a check), makes the first page tables and goes on in long mode at high addresses. The other CPUs begin at
// cpu_start_code, in real mode.
//
// The first page tables map the first 4 GiB twice, one to one and at the direct map, and the first GiB at KERNEL_BASE
// (kernel.ld). All pages are writable and executable; initialize_memory replaces and erases these tables.

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

  // Check the floor, first CPUID itself: a CPU has it if the ID flag can be changed.
  movl $name_cpuid, %esi
  pushfl
  movl (%esp), %ecx
  xorl $(1 << 21), (%esp)
  popfl
  pushfl
  popl %eax
  xorl %ecx, %eax
  testl $(1 << 21), %eax
  jz refuse
  movl $1, %eax
  cpuid
  pushl %ecx
  pushl %edx
  movl $0x80000000, %eax
  cpuid
  xorl %edx, %edx
  cmpl $0x80000001, %eax
  jb 1f
  movl $0x80000001, %eax
  cpuid
1:
  pushl %edx
  movl $floor_features, %edi
1:
  movl (%edi), %eax         // the offset of the word on the stack
  movl 4(%edi), %ecx
  leal 8(%edi), %esi
  testl %ecx, (%esp, %eax)
  jz refuse
  addl $24, %edi
  cmpl $floor_features_end, %edi
  jb 1b

  // Map 4 GiB in pages of 2 MiB: fill the four page directories, then enter them in the upper tables.
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
  movl $PHYSICAL(high_start), %esi

  // Turns long mode on with the page tables at %eax. Goes on at the code whose physical address is in %esi, at its high
  // address.
enable_long_mode:
  movl %eax, %cr3
  movl %cr4, %eax
  orl $0x620, %eax          // PAE, OSFXSR, OSXMMEXCPT
  movl %eax, %cr4
  movl $0xc0000080, %ecx    // EFER
  rdmsr
  orl $0x900, %eax          // LME, NXE
  wrmsr
  movl %cr0, %eax
  andl $~0x6000000c, %eax   // caches on; no emulation of the FPU, no lazy switching
  orl $0x80010022, %eax     // PG, WP, NE, MP
  movl %eax, %cr0
  lgdt boot_gdt_pointer
  ljmpl $8, $enter_long_mode

  // Refuses to boot: writes the name of the missing feature, at %esi, to the serial port, and status 65 to QEMU's exit
  // device. Halts if there is no such device.
refuse:
  movl %esi, %edi
  movl $message_start, %esi
  call say
  movl %edi, %esi
  call say
  movl $message_end, %esi
  call say
  movw $0x501, %dx
  movl $65, %eax
  outl %eax, %dx
1:
  hlt
  jmp 1b

say:
  cld
3:
  lodsb
  testb %al, %al
  jz 2f
  movb %al, %ah
  movl $100000, %ecx        // an absent port reads as ready; a port that hangs costs a bounded wait
  movw $0x3fd, %dx
1:
  inb %dx, %al
  testb $0x20, %al
  loopz 1b
  movb %ah, %al
  movw $0x3f8, %dx
  outb %al, %dx
  jmp 3b
2:
  ret

message_start: .asciz "cairn: this CPU is below the floor: it lacks "
message_end:   .asciz "\r\n"
name_cpuid:    .asciz "CPUID"

  // The features that the kernel and compiled code use without a check. An entry has the offset of a word of CPUID that
  // was pushed above, a bit of the word, and the feature's name.
  .macro floor_feature word, bit, name
  .balign 8
  .long \word, 1 << \bit
1:
  .asciz "\name"
  .skip 16 - (. - 1b)
  .endm
  .equ word_extended_edx, 0 // edx of leaf 0x80000001; the next two are of leaf 1
  .equ word_edx, 4
  .equ word_ecx, 8
  .balign 8
floor_features:
  floor_feature word_ecx, 19, "SSE4.1"
  floor_feature word_ecx, 9, "SSSE3"
  floor_feature word_ecx, 0, "SSE3"
  floor_feature word_edx, 26, "SSE2"
  floor_feature word_edx, 25, "SSE"
  floor_feature word_edx, 24, "FXSAVE"
  floor_feature word_edx, 0, "an FPU"
  floor_feature word_edx, 4, "a TSC"
  floor_feature word_edx, 5, "MSRs"
  floor_feature word_edx, 6, "PAE"
  floor_feature word_edx, 8, "CMPXCHG8B"
  floor_feature word_edx, 9, "a local APIC"
  floor_feature word_edx, 15, "CMOV"
  floor_feature word_extended_edx, 29, "long mode"
  floor_feature word_extended_edx, 20, "no-execute"
floor_features_end:

  // Another CPU goes on here after cpu_start_code, in 32-bit protected mode with paging off. It takes the offer (struct
  // CpuOffer, kernel/trap/start_cpu.hpp) if the offer is for the CPU with its number, and halts otherwise.
  .equ offer_made, 1
  .equ offer_taken, 2
  .equ offer_start_tables, 8
  .equ offer_stack_end, 16
cpu_start_protected:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movl $1, %eax
  cpuid
  shrl $24, %ebx            // the number of the local APIC
  leal offer_made(, %ebx, 4), %eax
  leal offer_taken(, %ebx, 4), %ecx
  lock cmpxchgl %ecx, PHYSICAL(cairn_cpu_offer)
  jne 1f
  movl PHYSICAL(cairn_cpu_offer) + offer_start_tables, %eax
  movl $PHYSICAL(high_cpu_start), %esi
  jmp enable_long_mode
1:
  cli
  hlt
  jmp 1b

  .balign 8
boot_gdt:
  .quad 0
  .quad 0x00af9b000000ffff  // 64-bit code
  .quad 0x00cf93000000ffff  // data
  .quad 0x00cf9b000000ffff  // 32-bit code
boot_gdt_pointer:
  .word 31
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
  movabsq $0xffffffff80000000, %rax
  movl %esi, %esi           // clears the upper half
  addq %rsi, %rax
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

high_cpu_start:
  movq cairn_cpu_offer + offer_stack_end(%rip), %rsp
  xorl %ebp, %ebp
  pushq $0                  // the end of every backtrace
  pushq $0
  callq cairn_set_up_cpu
1:
  hlt
  jmp 1b

  // The first instructions of another CPU, in a copy of this code at the start of a page below 1 MiB. The CPU enters
  // them in real mode with the page's number in CS [sdm 3A 12.6.1].
  .section .rodata.cpu_start, "a", @progbits
  .code16
  .globl cpu_start_code, cpu_start_code_end
cpu_start_code:
  cli
  cld
  movw %cs, %ax
  movw %ax, %ds
  lgdtl cpu_start_gdt_pointer - cpu_start_code
  movl %cr0, %eax
  orl $1, %eax              // protected mode
  movl %eax, %cr0
  ljmpl $24, $cpu_start_protected
cpu_start_gdt_pointer:
  .word 31
  .long boot_gdt
cpu_start_code_end:
  .code64

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
