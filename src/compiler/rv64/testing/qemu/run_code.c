// Runs compiled code on RISC-V Linux (usually qemu-riscv64), for the tests of RV64's code.
//   run_code INPUT OUTPUT
// ../execution.hpp writes the input file and reads the output file. Both are sequences of little-endian words of 64
// bits.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

// Sizes in bytes. kWindow is the size of each end of the memory that the output shows.
enum { kWindow = 256, kMemoryBytes = 65536, kStackBytes = 1 << 20 };

// These structures have the layouts of EntryArguments, of the first fields of VMStoreState, and of a VMContext with
// imports and function references after it (abi/).

struct Entry {
  const void* code;
  void* context;
  unsigned char* values;
  unsigned char* stack_top;
  uint64_t saved_stack_pointer, trap_resume, guest_stack_pointer;
};
struct StoreState {
  uint64_t stack_limit, entry_frame, exit_frame, exit_pc;
};
struct Context {
  unsigned char* memory0_base;
  uint64_t memory0_reserved;
  struct StoreState* store;
  const void* const* builtins;
  void* instance;
  const void* tail_call_restore;
  uint64_t magic, heap_base, types, reserved;
  uint64_t words[64];  // imports (4 words each), and from word 32 on their function references (4 words each)
};

static struct Entry entry;       // the arguments of the entry trampoline
static struct StoreState store;  // shared by all contexts
static uint64_t* traps;          // pairs: the offset in the image of an instruction that may fault, and its TrapKind
// The number of pairs in `traps`, the addresses of the image, and 0 or 1 + the TrapKind that has ended the call.
static uint64_t trap_count, image_begin, image_end, trapped;
static uint64_t calls_of_host;

static uint64_t next_word(const uint64_t** at) { return *(*at)++; }

// Turns a fault at a place of `traps` into a trap: execution goes on at trap_resume in the entry trampoline.
static void on_signal(int number, siginfo_t* info, void* raw) {
  (void)info;
  ucontext_t* context = raw;
  const uint64_t pc = context->uc_mcontext.__gregs[0];
  uint64_t kind = 0;
  for (uint64_t i = 0; i < trap_count; ++i)
    if (image_begin + traps[2 * i] == pc) kind = traps[2 * i + 1] + 1;
  if (kind == 0) {
    fprintf(stderr, "signal %d at pc %#lx (image + %#lx)\n", number, (unsigned long)pc,
            (unsigned long)(pc - image_begin));
    _exit(3);
  }
  trapped = kind;
  context->uc_mcontext.__gregs[0] = entry.trap_resume;
  context->uc_mcontext.__gregs[2] = entry.saved_stack_pointer;
}

// The builtin raise_trap. `code` is 1 + the TrapKind.
static void raise_trap(struct Context* context, uint32_t code) {
  (void)context;
  trapped = code;
  register uint64_t pc __asm__("t0") = entry.trap_resume;
  register uint64_t sp __asm__("t1") = entry.saved_stack_pointer;
  __asm__ volatile("mv sp, t1; jr t0" : : "r"(pc), "r"(sp));
  __builtin_unreachable();
}

// Stands for all other builtins.
static int64_t builtin_sum(struct Context* context, int32_t a, int64_t b) {
  (void)context;
  return a + b;
}

// The host function returns the sum of the first two values as 64-bit words, or 999 if the caller is not the expected
// one. It traps if the first value is 666.
static struct Context* expected_caller;
static uint32_t invoke(void* self, struct Context* caller, unsigned char* values) {
  (void)self;
  uint64_t a, b;
  memcpy(&a, values, 8);
  memcpy(&b, values + 16, 8);
  ++calls_of_host;
  if (a == 666) return 1;
  a = caller == expected_caller ? a + b : 999;
  memcpy(values, &a, 8);
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int file = open(argv[1], O_RDONLY);
  off_t size = lseek(file, 0, SEEK_END);
  const uint64_t* at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  FILE* output = fopen(argv[2], "w");

  // The image: the code of all functions with its read-only data. After it come the places that may fault.
  const uint64_t image_bytes = next_word(&at);
  unsigned char* image =
      mmap(NULL, image_bytes + 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(image, at, image_bytes);
  __builtin___clear_cache((char*)image, (char*)image + image_bytes);
  at += (image_bytes + 7) / 8;
  image_begin = (uint64_t)image, image_end = image_begin + image_bytes;
  trap_count = next_word(&at);
  traps = (uint64_t*)at;
  at += 2 * trap_count;

  // The memory of the instance under test. Only its first 64 KiB are accessible. The rest of the 7 GiB faults, and
  // covers every sum of an address (below 4 GiB) and an offset (below 2 GiB) in the tests.
  unsigned char* memory = mmap(NULL, 7ull << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mprotect(memory, kMemoryBytes, PROT_READ | PROT_WRITE);
  unsigned char* other_memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char* stack = mmap(NULL, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(stack, 65536, PROT_NONE);
  static unsigned char signal_stack[65536];
  stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGILL, &action, NULL);

  // Context 0 is that of the instance under test, 1 that of another instance, and 2 that of the host function.
  static struct Context contexts[3];
  static const void* builtins[64];
  for (unsigned i = 0; i < 64; ++i) builtins[i] = (const void*)builtin_sum;
  builtins[next_word(&at)] = (const void*)raise_trap;
  const uint64_t restore = next_word(&at);
  for (unsigned i = 0; i < 3; ++i) {
    contexts[i].memory0_base = i == 0 ? memory : other_memory;
    contexts[i].store = &store;
    contexts[i].builtins = builtins;
    contexts[i].tail_call_restore = image + restore;
  }
  contexts[2].words[0] = (uint64_t)invoke;
  // Each import of the input is a code offset and the number of a context. Both instances get it as an import of four
  // words, and as a function reference from word 32 on.
  const uint64_t import_count = next_word(&at);
  for (uint64_t i = 0; i < import_count; ++i) {
    const uint64_t code = image_begin + next_word(&at);
    const uint64_t context = (uint64_t)&contexts[next_word(&at)];
    for (unsigned c = 0; c < 2; ++c) {
      contexts[c].words[4 * i] = contexts[c].words[4 * i + 2] = code;
      contexts[c].words[4 * i + 1] = context;
      contexts[c].words[32 + 4 * i] = code;
      contexts[c].words[32 + 4 * i + 1] = context;
    }
  }

  // Each case is a call of a function through its entry trampoline. The arguments and results are in `values`.
  const uint64_t cases = next_word(&at);
  for (uint64_t i = 0; i < cases; ++i) {
    const uint64_t entry_offset = next_word(&at), code_offset = next_word(&at), slots = next_word(&at);
    const uint64_t uses_memory = next_word(&at);  // flags of Program::Memory
    unsigned char values[16 * 64];
    memcpy(values, at, 16 * slots);
    at += 2 * slots;
    for (unsigned j = 0; uses_memory && j < kWindow; ++j) {
      memory[j] = (unsigned char)(j * 37 + 11);
      memory[kMemoryBytes - kWindow + j] = (unsigned char)(j * 53 + 7);
      other_memory[j] = 0;
    }
    entry.code = image + code_offset;
    entry.context = &contexts[0];
    entry.values = values;
    entry.stack_top = stack + kStackBytes;
    store.stack_limit = (uint64_t)stack + 131072;  // 64 KiB above the guard
    expected_caller = uses_memory & 2 ? &contexts[1] : &contexts[0];
    trapped = 0;
    // The callee-saved registers have to keep their values, also when the call traps.
    register uint64_t s2 __asm__("s2") = 0x1111 + i, s9 __asm__("s9") = 0x2222 + i;
    register double fs5 __asm__("fs5") = 5.5 + (double)i;
    __asm__ volatile("" : "+r"(s2), "+r"(s9), "+f"(fs5));
    ((void (*)(struct Entry*))(image + entry_offset))(&entry);
    __asm__ volatile("" : "+r"(s2), "+r"(s9), "+f"(fs5));
    if (s2 != 0x1111 + i || s9 != 0x2222 + i || fs5 != 5.5 + (double)i) {
      fprintf(stderr, "case %lu: callee-saved register lost\n", (unsigned long)i);
      return 4;
    }
    fwrite(&trapped, 8, 1, output);
    fwrite(values, 16, slots, output);
    if (uses_memory) {
      fwrite(memory, 1, kWindow, output);
      fwrite(memory + kMemoryBytes - kWindow, 1, kWindow, output);
    }
  }
  fclose(output);
  return 0;
}
