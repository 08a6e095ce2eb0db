// Tests that LLVM's disassembler reads the encodings as the instructions that were meant, for many forms of operands.
#include "compiler/x64/encoding/assembler.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/temporary_directory.hpp"

namespace cairn::x64 {
namespace {

constexpr const char* kNames64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr const char* kNames32[] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
constexpr const char* kNames16[] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                    "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
constexpr const char* kNames8[] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                   "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};

// The name of a register of `size` bytes; 16 is an xmm register.
std::string name(unsigned reg, unsigned size) {
  switch (size) {
    case 1: return kNames8[reg];
    case 2: return kNames16[reg];
    case 4: return kNames32[reg];
    case 8: return kNames64[reg];
    default: return "xmm" + std::to_string(reg);
  }
}

// The text of a memory operand of `size` bytes. 0 means that the text names no size, as in lea.
std::string text(const Address& a, unsigned size) {
  const char* prefix = size == 1    ? "byte"
                       : size == 2  ? "word"
                       : size == 4  ? "dword"
                       : size == 8  ? "qword"
                       : size == 16 ? "xmmword"
                                    : "";
  std::string s = size == 0 ? "[" : std::string(prefix) + " ptr [";
  bool first = true;
  if (a.base != kNoRegister) s += kNames64[a.base], first = false;
  if (a.index != kNoRegister) {
    if (!first) s += " + ";
    if (a.scale != 0 || a.base == kNoRegister) s += std::to_string(1 << a.scale) + "*";
    s += kNames64[a.index];
    first = false;
  }
  if (a.displacement != 0 || first) {
    if (!first) s += a.displacement < 0 ? " - " : " + ";
    const int64_t value = a.displacement;
    s += std::to_string(first ? value : value < 0 ? -value : value);
  }
  return s + "]";
}

// Instructions, each with the text that LLVM's disassembler has to give for it.
class Cases {
 public:
  // Appends the code that `emit` writes for one instruction.
  template <class F>
  void add(std::string expected, F&& emit) {
    emit(assembler_);
    expected_.push_back(std::move(expected));
  }
  // Disassembles all code and compares the texts.
  void check() {
    assembler_.finish();
    const cairn::testing::TemporaryDirectory directory;
    const std::string source = directory.file("bytes.hex");
    FILE* file = fopen(source.c_str(), "w");
    ASSERT_NE(file, nullptr);
    for (const std::byte b : code_.bytes) fprintf(file, "0x%02x\n", static_cast<unsigned>(b));
    fclose(file);
    FILE* pipe = popen(("llvm-mc-22 --disassemble --triple=x86_64 -mattr=+avx2,+bmi,+bmi2,+lzcnt,+popcnt,+fma "
                        "--output-asm-variant=1 2>&1 " +
                        source)
                           .c_str(),
                       "r");
    ASSERT_NE(pipe, nullptr);
    char line[512];
    size_t index = 0, failures = 0;
    std::string prefix;  // LLVM writes the prefix lock on a line of its own
    while (fgets(line, sizeof line, pipe) != nullptr) {
      std::string got;
      for (const char* c = line; *c != 0 && *c != '\n' && *c != '#'; ++c) got += *c == '\t' ? ' ' : *c;
      while (!got.empty() && got.front() == ' ') got.erase(0, 1);
      while (!got.empty() && got.back() == ' ') got.pop_back();
      if (got.empty() || got[0] == '.') continue;
      if (got == "lock") {
        prefix = "lock ";
        continue;
      }
      got = std::exchange(prefix, {}) + got;
      if ((index >= expected_.size() || got != expected_[index]) && failures++ < 10)
        ADD_FAILURE() << "LLVM reads '" << got << "', meant was '" << (index < expected_.size() ? expected_[index] : "")
                      << "'";
      ++index;
    }
    pclose(pipe);
    EXPECT_EQ(index, expected_.size());
    EXPECT_EQ(failures, 0u);
  }

 private:
  Arena arena_{size_t{1} << 30};
  CodeBuffer code_{arena_};
  Assembler assembler_{code_};
  std::vector<std::string> expected_;
};

bool have_llvm_mc() { return system("llvm-mc-22 --version > /dev/null 2>&1") == 0; }

// Returns addresses with and without base and index, with displacements of 0, 8 and 32 bits.
std::vector<Address> addresses() {
  std::vector<Address> result;
  for (const uint8_t base : {kNoRegister, uint8_t{rax}, uint8_t{rbx}, uint8_t{rsp}, uint8_t{rbp}, uint8_t{r12},
                             uint8_t{r13}, uint8_t{r15}}) {
    for (const uint8_t index : {kNoRegister, uint8_t{rcx}, uint8_t{rbp}, uint8_t{r9}, uint8_t{r12}, uint8_t{r13}}) {
      for (const uint8_t scale : {uint8_t{0}, uint8_t{1}, uint8_t{3}}) {
        if (index == kNoRegister && scale != 0) continue;
        for (const int32_t displacement : {0, 8, -128, 127, 128, -129, 0x12345678})
          result.push_back({.base = base, .index = index, .scale = scale, .displacement = displacement});
      }
    }
  }
  return result;
}

// Tests instructions with all pairs of general registers, and with immediates of each size.
TEST(X64Assembler, IntegerInstructions) {
  ASSERT_TRUE(have_llvm_mc()) << "needs llvm-mc-22: tools/packages.txt";
  Cases cases;
  constexpr const char* kAlu[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
  constexpr std::pair<Shift, const char*> kShifts[] = {
      {Shift::rol, "rol"}, {Shift::ror, "ror"}, {Shift::shl, "shl"}, {Shift::shr, "shr"}, {Shift::sar, "sar"}};
  constexpr const char* kCc[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                 "s", "ns", "p", "np", "l", "ge", "le", "g"};
  for (unsigned a = 0; a < 16; ++a) {
    for (unsigned b = 0; b < 16; ++b) {
      for (const bool wide : {false, true}) {
        const std::string ra = name(a, wide ? 8 : 4), rb = name(b, wide ? 8 : 4);
        cases.add("mov " + ra + ", " + rb, [&](Assembler& as) { as.mov_rr(wide, a, b); });
        for (unsigned op = 0; op < 8; ++op) {
          cases.add(std::string(kAlu[op]) + " " + ra + ", " + rb,
                    [&](Assembler& as) { as.alu_rr(static_cast<Alu>(op), wide, a, b); });
          cases.add(std::string(kAlu[op]) + " " + ra + ", " + rb,
                    [&](Assembler& as) { as.alu_rm_r(static_cast<Alu>(op), wide ? 8 : 4, Rm::r(a), b); });
        }
        cases.add("test " + ra + ", " + rb, [&](Assembler& as) { as.test_rr(wide, a, b); });
        cases.add("imul " + ra + ", " + rb, [&](Assembler& as) { as.rm(two_byte(0xaf, wide), a, Rm::r(b)); });
        cases.add("cmovl " + ra + ", " + rb, [&](Assembler& as) { as.cmov(Cc::l, wide, a, Rm::r(b)); });
        cases.add("lzcnt " + ra + ", " + rb,
                  [&](Assembler& as) { as.rm({0xbd, Prefix::pf3, Map::m0f, wide}, a, Rm::r(b)); });
        cases.add("andn " + ra + ", " + name(15 - a, wide ? 8 : 4) + ", " + rb,
                  [&](Assembler& as) { as.vex({0xf2, Prefix::none, Map::m0f38, wide}, a, 15 - a, Rm::r(b)); });
        cases.add("shlx " + ra + ", " + rb + ", " + name(15 - b, wide ? 8 : 4),
                  [&](Assembler& as) { as.vex({0xf7, Prefix::p66, Map::m0f38, wide}, a, 15 - b, Rm::r(b)); });
        cases.add("rorx " + ra + ", " + rb + ", 7", [&](Assembler& as) {
          as.vex({0xf0, Prefix::pf2, Map::m0f3a, wide}, a, 0, Rm::r(b), 1);
          as.imm8(7);
        });
      }
      cases.add("movzx " + name(a, 4) + ", " + name(b, 1), [&](Assembler& as) { as.movzx8(a, b); });
      cases.add("movsxd " + name(a, 8) + ", " + name(b, 4),
                [&](Assembler& as) { as.rm(one_byte(0x63, true), a, Rm::r(b)); });
      cases.add("movsx " + name(a, 8) + ", " + name(b, 1),
                [&](Assembler& as) { as.rm(two_byte(0xbe, true), a, Rm::r(b), 0, true); });
      cases.add("or " + name(a, 1) + ", " + name(b, 1), [&](Assembler& as) { as.alu_rm_r(Alu::or_, 1, Rm::r(a), b); });
    }
    for (unsigned cc = 0; cc < 16; ++cc)
      cases.add(std::string("set") + kCc[cc] + " " + name(a, 1),
                [&](Assembler& as) { as.setcc(static_cast<Cc>(cc), a); });
    for (const auto& [op, text_of_op] : kShifts) {
      for (const bool wide : {false, true}) {
        for (const unsigned count : {2u, 5u, 31u})
          cases.add(std::string(text_of_op) + " " + name(a, wide ? 8 : 4) + ", " + std::to_string(count),
                    [&, shift = op](Assembler& as) { as.shift_i(shift, wide, a, count); });
        cases.add(std::string(text_of_op) + " " + name(a, wide ? 8 : 4),
                  [&, shift = op](Assembler& as) { as.shift_i(shift, wide, a, 1); });
        cases.add(std::string(text_of_op) + " " + name(a, wide ? 8 : 4) + ", cl",
                  [&, shift = op](Assembler& as) { as.shift_cl(shift, wide, a); });
      }
    }
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
      for (const int32_t value : {5, -3, 127, -128}) {
        cases.add("add " + name(a, size) + ", " + std::to_string(value),
                  [&](Assembler& as) { as.alu_rm_i(Alu::add, size, Rm::r(a), value); });
        if (value > 0)
          cases.add("test " + name(a, size) + ", " + std::to_string(value),
                    [&](Assembler& as) { as.test_rm_i(size, Rm::r(a), value); });
      }
      if (size >= 4)
        cases.add("cmp " + name(a, size) + ", 305419896",
                  [&](Assembler& as) { as.alu_rm_i(Alu::cmp, size, Rm::r(a), 0x12345678); });
    }
    cases.add("xor " + name(a, 4) + ", " + name(a, 4), [&](Assembler& as) { as.mov_ri(a, 0); });
    cases.add("mov " + name(a, 4) + ", 305419896", [&](Assembler& as) { as.mov_ri(a, 0x12345678); });
    cases.add("mov " + name(a, 8) + ", -2", [&](Assembler& as) { as.mov_ri(a, ~uint64_t{1}); });
    cases.add("movabs " + name(a, 8) + ", 1311768467463790320",
              [&](Assembler& as) { as.mov_ri(a, 0x123456789abcdef0); });
    cases.add("push " + name(a, 8), [&](Assembler& as) { as.push(a); });
    cases.add("pop " + name(a, 8), [&](Assembler& as) { as.pop(a); });
    cases.add("jmp " + name(a, 8), [&](Assembler& as) { as.jmp_rm(Rm::r(a)); });
    cases.add("call " + name(a, 8), [&](Assembler& as) { as.call_rm(Rm::r(a)); });
  }
  cases.add("ret", [&](Assembler& as) { as.ret(); });
  cases.add("ret 32", [&](Assembler& as) { as.ret(32); });
  cases.add("ud2", [&](Assembler& as) { as.ud2(); });
  cases.check();
}

// Tests instructions that have a memory operand, with all addresses().
TEST(X64Assembler, Addresses) {
  ASSERT_TRUE(have_llvm_mc()) << "needs llvm-mc-22: tools/packages.txt";
  Cases cases;
  unsigned reg = 0;
  for (const Address& a : addresses()) {
    reg = (reg + 5) % 16;
    cases.add("mov " + name(reg, 8) + ", " + text(a, 8), [&](Assembler& as) { as.load(true, reg, a); });
    cases.add("lea " + name(reg, 4) + ", " + text(a, 0), [&](Assembler& as) { as.lea(false, reg, a); });
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
      cases.add("mov " + text(a, size) + ", " + name(reg, size), [&](Assembler& as) { as.store(size, a, reg); });
      cases.add("mov " + text(a, size) + ", 17", [&](Assembler& as) { as.store_imm(size, a, 17); });
      cases.add("add " + text(a, size) + ", 17", [&](Assembler& as) { as.alu_rm_i(Alu::add, size, Rm::m(a), 17); });
      cases.add("cmp " + text(a, size) + ", " + name(reg, size),
                [&](Assembler& as) { as.alu_rm_r(Alu::cmp, size, Rm::m(a), reg); });
    }
    cases.add("imul " + name(reg, 8) + ", " + text(a, 8) + ", 1000", [&](Assembler& as) {
      as.rm(one_byte(0x69, true), reg, Rm::m(a), 4);
      as.imm32(1000);
    });
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
      const auto sized = [&](Encoding encoding) -> Encoding {
        return {static_cast<uint8_t>(encoding.opcode - (size == 1 ? 1 : 0)), size == 2 ? Prefix::p66 : Prefix::none,
                encoding.map, size == 8};
      };
      const std::string operands = text(a, size) + ", " + name(reg, size);
      cases.add("lock xadd " + operands, [&](Assembler& as) { as.locked(sized(two_byte(0xc1)), reg, a, size == 1); });
      cases.add("lock cmpxchg " + operands,
                [&](Assembler& as) { as.locked(sized(two_byte(0xb1)), reg, a, size == 1); });
      cases.add("lock or " + operands, [&](Assembler& as) { as.locked(sized(one_byte(0x09)), reg, a, size == 1); });
      cases.add("xchg " + operands, [&](Assembler& as) { as.rm(sized(one_byte(0x87)), reg, Rm::m(a), 0, size == 1); });
    }
    cases.add("movsx " + name(reg, 4) + ", " + text(a, 1),
              [&](Assembler& as) { as.rm(two_byte(0xbe), reg, Rm::m(a)); });
    cases.add("call " + text(a, 8), [&](Assembler& as) { as.call_rm(Rm::m(a)); });
    for (const bool avx : {false, true}) {
      const std::string v = avx ? "v" : "";
      cases.add(v + "movups " + name(reg, 16) + ", " + text(a, 16),
                [&](Assembler& as) { as.load_xmm(avx, 16, reg, a); });
      cases.add(v + "movsd " + name(reg, 16) + ", " + text(a, 8), [&](Assembler& as) { as.load_xmm(avx, 8, reg, a); });
      cases.add(v + "movss " + text(a, 4) + ", " + name(reg, 16), [&](Assembler& as) { as.store_xmm(avx, 4, a, reg); });
    }
    cases.add("vaddsd " + name(reg, 16) + ", " + name(15 - reg, 16) + ", " + text(a, 8),
              [&](Assembler& as) { as.vex(sse(Prefix::pf2, 0x58), reg, 15 - reg, Rm::m(a)); });
    cases.add("pshufb " + name(reg, 16) + ", " + text(a, 16),
              [&](Assembler& as) { as.rm(sse38(0x00), reg, Rm::m(a)); });
    cases.add("shrx " + name(reg, 8) + ", " + text(a, 8) + ", " + name(15 - reg, 8),
              [&](Assembler& as) { as.vex({0xf7, Prefix::pf2, Map::m0f38, true}, reg, 15 - reg, Rm::m(a)); });
  }
  cases.check();
}

// An instruction on xmm registers, and its encoding.
struct VectorInstruction {
  const char* text;
  Encoding encoding;
};
constexpr VectorInstruction kBinary[] = {
    {"addps", two_byte(0x58)},
    {"addpd", i66(0x58)},
    {"addss", sse(Prefix::pf3, 0x58)},
    {"addsd", sse(Prefix::pf2, 0x58)},
    {"subps", two_byte(0x5c)},
    {"mulpd", i66(0x59)},
    {"divss", sse(Prefix::pf3, 0x5e)},
    {"minpd", i66(0x5d)},
    {"maxps", two_byte(0x5f)},
    {"andps", two_byte(0x54)},
    {"andnps", two_byte(0x55)},
    {"orps", two_byte(0x56)},
    {"xorps", two_byte(0x57)},
    {"unpcklps", two_byte(0x14)},
    {"pand", i66(0xdb)},
    {"pandn", i66(0xdf)},
    {"por", i66(0xeb)},
    {"pxor", i66(0xef)},
    {"pcmpeqb", i66(0x74)},
    {"pcmpeqw", i66(0x75)},
    {"pcmpeqd", i66(0x76)},
    {"pcmpeqq", sse38(0x29)},
    {"pcmpgtb", i66(0x64)},
    {"pcmpgtw", i66(0x65)},
    {"pcmpgtd", i66(0x66)},
    {"pcmpgtq", sse38(0x37)},
    {"paddb", i66(0xfc)},
    {"paddw", i66(0xfd)},
    {"paddd", i66(0xfe)},
    {"paddq", i66(0xd4)},
    {"psubb", i66(0xf8)},
    {"psubw", i66(0xf9)},
    {"psubd", i66(0xfa)},
    {"psubq", i66(0xfb)},
    {"paddsb", i66(0xec)},
    {"paddusb", i66(0xdc)},
    {"psubsb", i66(0xe8)},
    {"psubusb", i66(0xd8)},
    {"paddsw", i66(0xed)},
    {"paddusw", i66(0xdd)},
    {"psubsw", i66(0xe9)},
    {"psubusw", i66(0xd9)},
    {"pavgb", i66(0xe0)},
    {"pavgw", i66(0xe3)},
    {"pminsb", sse38(0x38)},
    {"pminub", i66(0xda)},
    {"pmaxsb", sse38(0x3c)},
    {"pmaxub", i66(0xde)},
    {"pminsw", i66(0xea)},
    {"pminuw", sse38(0x3a)},
    {"pmaxsw", i66(0xee)},
    {"pmaxuw", sse38(0x3e)},
    {"pminsd", sse38(0x39)},
    {"pminud", sse38(0x3b)},
    {"pmaxsd", sse38(0x3d)},
    {"pmaxud", sse38(0x3f)},
    {"pmullw", i66(0xd5)},
    {"pmulld", sse38(0x40)},
    {"pmuludq", i66(0xf4)},
    {"pmuldq", sse38(0x28)},
    {"pmulhw", i66(0xe5)},
    {"pmulhuw", i66(0xe4)},
    {"pmulhrsw", sse38(0x0b)},
    {"pmaddwd", i66(0xf5)},
    {"pmaddubsw", sse38(0x04)},
    {"pshufb", sse38(0x00)},
    {"packsswb", i66(0x63)},
    {"packuswb", i66(0x67)},
    {"packssdw", i66(0x6b)},
    {"packusdw", sse38(0x2b)},
    {"punpcklbw", i66(0x60)},
    {"punpcklwd", i66(0x61)},
    {"punpckldq", i66(0x62)},
    {"punpcklqdq", i66(0x6c)},
    {"punpckhbw", i66(0x68)},
    {"punpckhwd", i66(0x69)},
    {"punpckhdq", i66(0x6a)},
    {"punpckhqdq", i66(0x6d)},
    {"psllw", i66(0xf1)},
    {"pslld", i66(0xf2)},
    {"psllq", i66(0xf3)},
    {"psrlw", i66(0xd1)},
    {"psrld", i66(0xd2)},
    {"psrlq", i66(0xd3)},
    {"psraw", i66(0xe1)},
    {"psrad", i66(0xe2)},
};

constexpr VectorInstruction kUnary[] = {
    {"movaps", two_byte(0x28)},
    {"ucomiss", two_byte(0x2e)},
    {"ucomisd", i66(0x2e)},
    {"ptest", sse38(0x17)},
    {"sqrtps", two_byte(0x51)},
    {"pabsb", sse38(0x1c)},
    {"pabsw", sse38(0x1d)},
    {"pabsd", sse38(0x1e)},
    {"pmovsxbw", sse38(0x20)},
    {"pmovsxwd", sse38(0x23)},
    {"pmovsxdq", sse38(0x25)},
    {"pmovzxbw", sse38(0x30)},
    {"pmovzxwd", sse38(0x33)},
    {"pmovzxdq", sse38(0x35)},
    {"movddup", sse(Prefix::pf2, 0x12)},
    {"cvtdq2ps", two_byte(0x5b)},
    {"cvttps2dq", sse(Prefix::pf3, 0x5b)},
    {"cvtdq2pd", sse(Prefix::pf3, 0xe6)},
    {"cvttpd2dq", i66(0xe6)},
    {"cvtps2pd", two_byte(0x5a)},
    {"cvtpd2ps", i66(0x5a)},
};

TEST(X64Assembler, VectorInstructions) {
  ASSERT_TRUE(have_llvm_mc()) << "needs llvm-mc-22: tools/packages.txt";
  Cases cases;
  for (const unsigned a : {0u, 3u, 7u, 8u, 15u}) {
    for (const unsigned b : {0u, 5u, 9u, 14u}) {
      const std::string ra = name(a, 16), rb = name(b, 16), rc = name(15 - b, 16);
      for (const VectorInstruction& entry : kBinary) {
        cases.add(std::string(entry.text) + " " + ra + ", " + rb,
                  [&](Assembler& as) { as.rm(entry.encoding, a, Rm::r(b)); });
        cases.add(std::string("v") + entry.text + " " + ra + ", " + rc + ", " + rb,
                  [&](Assembler& as) { as.vex(entry.encoding, a, 15 - b, Rm::r(b)); });
      }
      for (const VectorInstruction& entry : kUnary) {
        cases.add(std::string(entry.text) + " " + ra + ", " + rb,
                  [&](Assembler& as) { as.rm(entry.encoding, a, Rm::r(b)); });
        cases.add(std::string("v") + entry.text + " " + ra + ", " + rb,
                  [&](Assembler& as) { as.vex(entry.encoding, a, 0, Rm::r(b)); });
      }
    }
  }
  cases.check();
}

TEST(X64Assembler, VectorInstructionsWithConstants) {
  ASSERT_TRUE(have_llvm_mc()) << "needs llvm-mc-22: tools/packages.txt";
  Cases cases;
  for (const unsigned a : {0u, 3u, 7u, 8u, 15u}) {
    for (const unsigned b : {0u, 5u, 9u, 14u}) {
      const std::string ra = name(a, 16), rb = name(b, 16), rc = name(15 - b, 16);
      const auto with_imm = [&](const char* op, Encoding encoding, bool three) {
        cases.add(std::string(op) + " " + ra + ", " + rb + ", 27", [&](Assembler& as) {
          as.rm(encoding, a, Rm::r(b), 1);
          as.imm8(27);
        });
        cases.add(std::string("v") + op + " " + ra + ", " + (three ? rc + ", " : "") + rb + ", 27", [&](Assembler& as) {
          as.vex(encoding, a, three ? 15 - b : 0, Rm::r(b), 1);
          as.imm8(27);
        });
      };
      with_imm("pshufd", i66(0x70), false);
      with_imm("pshuflw", sse(Prefix::pf2, 0x70), false);
      with_imm("pshufhw", sse(Prefix::pf3, 0x70), false);
      with_imm("palignr", sse3a(0x0f), true);
      with_imm("pblendw", sse3a(0x0e), true);
      with_imm("roundps", sse3a(0x08), false);
      with_imm("roundpd", sse3a(0x09), false);
      with_imm("roundss", sse3a(0x0a), true);
      with_imm("roundsd", sse3a(0x0b), true);
      with_imm("insertps", sse3a(0x21), true);
    }
  }
  cases.check();
}

TEST(X64Assembler, VectorsAndScalars) {
  ASSERT_TRUE(have_llvm_mc()) << "needs llvm-mc-22: tools/packages.txt";
  Cases cases;
  for (const unsigned a : {0u, 3u, 7u, 8u, 15u}) {
    for (const unsigned b : {0u, 5u, 9u, 14u}) {
      const std::string ra = name(a, 16), rb = name(b, 16), rc = name(15 - b, 16);
      cases.add("movq " + ra + ", " + name(b, 8),
                [&](Assembler& as) { as.rm({0x6e, Prefix::p66, Map::m0f, true}, a, Rm::r(b)); });
      cases.add("vmovd " + name(b, 4) + ", " + ra, [&](Assembler& as) { as.vex(i66(0x7e), a, 0, Rm::r(b)); });
      cases.add("cvtsi2sd " + ra + ", " + name(b, 8),
                [&](Assembler& as) { as.rm(sse(Prefix::pf2, 0x2a).wide(), a, Rm::r(b)); });
      cases.add("cvttss2si " + name(a, 8) + ", " + rb,
                [&](Assembler& as) { as.rm(sse(Prefix::pf3, 0x2c).wide(), a, Rm::r(b)); });
      cases.add("pextrb " + name(b, 4) + ", " + ra + ", 3", [&](Assembler& as) {
        as.rm(sse3a(0x14), a, Rm::r(b), 1);
        as.imm8(3);
      });
      cases.add("vpinsrq " + ra + ", " + rc + ", " + name(b, 8) + ", 1", [&](Assembler& as) {
        as.vex(sse3a(0x22).wide(), a, 15 - b, Rm::r(b), 1);
        as.imm8(1);
      });
      cases.add("vfmadd231pd " + ra + ", " + rc + ", " + rb,
                [&](Assembler& as) { as.vex(sse38(0xb8).wide(), a, 15 - b, Rm::r(b)); });
      cases.add("vfnmadd231ps " + ra + ", " + rc + ", " + rb,
                [&](Assembler& as) { as.vex(sse38(0xbc), a, 15 - b, Rm::r(b)); });
      cases.add("vpblendvb " + ra + ", " + rc + ", " + rb + ", xmm7", [&](Assembler& as) {
        as.vex(sse3a(0x4c), a, 15 - b, Rm::r(b), 1);
        as.imm8(7 << 4);
      });
      cases.add("pmovmskb " + name(a, 4) + ", " + rb, [&](Assembler& as) { as.rm(i66(0xd7), a, Rm::r(b)); });
    }
  }
  cases.check();
}

}  // namespace
}  // namespace cairn::x64
