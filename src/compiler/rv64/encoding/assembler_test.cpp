// Compares the encodings of all instructions except branches and jal (branches_test.cpp) with those of LLVM's
// assembler. A small interpreter checks that the code of load_immediate computes the constant.
#include "compiler/rv64/encoding/assembler.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/testing/temporary_directory.hpp"

namespace cairn::rv64 {
namespace {

// An instruction: its assembly text, and the bytes that the assembler under test has written.
struct Case {
  std::string text;
  std::vector<uint8_t> bytes;
};

std::string register_name(char reg_class, unsigned number) {
  return std::string(1, reg_class) + std::to_string(number);
}

class Cases {
 public:
  // Adds an instruction, which `emit` writes.
  template <class F>
  void add(std::string text, F&& emit) {
    Arena arena(1 << 20);
    codegen::CodeBuffer code(arena);
    BranchLengths lengths(arena);
    Assembler assembler(code, lengths);
    emit(assembler);
    ASSERT_TRUE(assembler.finish());
    Case& c = cases_.emplace_back(std::move(text));
    for (std::byte b : code.bytes) c.bytes.push_back(static_cast<uint8_t>(b));
  }

  // Assembles all texts and compares the bytes.
  void check() {
    const cairn::testing::TemporaryDirectory directory;
    const std::string source = directory.file("instructions.s");
    FILE* file = fopen(source.c_str(), "w");
    ASSERT_NE(file, nullptr);
    for (const Case& c : cases_) fprintf(file, "%s\n", c.text.c_str());
    fclose(file);
    const std::string command =
        "llvm-mc-22 -triple=riscv64 -mattr=+m,+a,+f,+d,+c,+zba,+zbb,+zbs,+v -show-encoding " + source;
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    char line[512];
    size_t index = 0, failures = 0;
    while (fgets(line, sizeof line, pipe) != nullptr) {
      const std::string_view text(line);
      const size_t at = text.find("encoding: [");
      if (at == std::string_view::npos) continue;
      std::vector<uint8_t> expected;
      unsigned byte = 0;
      for (size_t i = at + 11; sscanf(line + i, "0x%x", &byte) == 1; i += 5)
        expected.push_back(static_cast<uint8_t>(byte));
      ASSERT_LT(index, cases_.size());
      if (expected != cases_[index].bytes && failures++ < 20)
        ADD_FAILURE() << cases_[index].text << ": " << ::testing::PrintToString(cases_[index].bytes) << ", LLVM "
                      << ::testing::PrintToString(expected);
      ++index;
    }
    pclose(pipe);
    EXPECT_EQ(index, cases_.size());
    EXPECT_EQ(failures, 0u);
  }

 private:
  std::vector<Case> cases_;
};

bool have_llvm_mc() { return system("llvm-mc-22 --version > /dev/null 2>&1") == 0; }

constexpr unsigned kRegisters[] = {0, 1, 2, 5, 8, 9, 15, 16, 31};

constexpr int64_t kImmediates[] = {0,   1,   -1,  4,   8,   16,  31,   32,   -32,  -33,  64,   124,  128,
                                   248, 252, 256, 496, 504, 512, -512, -496, 1020, 1024, 2047, -2048};

constexpr int64_t kAmounts[] = {0, 1, 5, 31, 32, 63};

PReg reg(unsigned number) { return PReg::integer(number); }

// Adds cases for an instruction of V, with and without a mask.
void add_vector_op(Cases& cases, Op op) {
  const OpFacts& f = facts(op);
  const std::string name(f.text);
  const auto name_of = [&](size_t i, unsigned number) { return ", " + register_name(f.operands[i], number); };
  const auto masked = [](bool m) { return m ? Assembler::Mask::v0 : Assembler::Mask::all; };
  // The instructions whose immediate is unsigned.
  const std::string unsigned_ops[] = {"vsll.vi",       "vsrl.vi",     "vsra.vi",   "vslideup.vi",
                                      "vslidedown.vi", "vrgather.vi", "vnclip.wi", "vnclipu.wi"};
  const auto immediates = [&]() -> std::vector<int64_t> {
    for (const std::string& u : unsigned_ops)
      if (u == name) return {0, 1, 15, 16, 31};
    return {0, 1, 15, -1, -16};
  }();
  for (unsigned r : {1u, 8u, 31u}) {
    const std::string head = name + " " + register_name(f.operands.empty() ? 'v' : f.operands[0], r);
    // Mask logic and moves have no masked form, or none that is of use.
    const bool can_mask = name.find(".mm") == std::string::npos && name.find("vmv") != 0 && name.find("vfmv") != 0;
    for (bool mask : {false, true}) {
      if (mask && !can_mask) continue;
      const std::string tail = mask ? ", v0.t" : "";
      switch (f.format) {
        case Format::vector3:
          cases.add(head + name_of(1, 2) + name_of(2, 30) + tail,
                    [&](Assembler& a) { a.v3(op, reg(r), reg(2), reg(30), masked(mask)); });
          break;
        case Format::vectorm:
          cases.add(head + name_of(1, 30) + name_of(2, 2) + tail,
                    [&](Assembler& a) { a.v3(op, reg(r), reg(2), reg(30), masked(mask)); });
          break;
        case Format::vectori:
          for (int64_t imm : immediates)
            cases.add(head + name_of(1, 2) + ", " + std::to_string(imm) + tail,
                      [&](Assembler& a) { a.vi(op, reg(r), reg(2), imm, masked(mask)); });
          break;
        case Format::vector2:
          cases.add(head + name_of(1, 30) + tail, [&](Assembler& a) { a.v2(op, reg(r), reg(30), masked(mask)); });
          break;
        default: break;
      }
    }
    switch (f.format) {
      case Format::vector1: cases.add(head + name_of(1, 30), [&](Assembler& a) { a.v1(op, reg(r), reg(30)); }); break;
      case Format::vector1i:
        for (int64_t imm : immediates)
          cases.add(head + ", " + std::to_string(imm), [&](Assembler& a) { a.v1i(op, reg(r), imm); });
        break;
      case Format::vector0: cases.add(head, [&](Assembler& a) { a.v0(op, reg(r)); }); break;
      case Format::vmerge:
        cases.add(head + name_of(1, 2) + name_of(2, 30) + ", v0",
                  [&](Assembler& a) { a.v3(op, reg(r), reg(2), reg(30)); });
        break;
      case Format::vmergei:
        cases.add(head + name_of(1, 2) + ", -3, v0", [&](Assembler& a) { a.vi(op, reg(r), reg(2), -3); });
        break;
      case Format::vmem:
        cases.add(name + " " + register_name('v', r) + ", (x30)", [&](Assembler& a) { a.vmem(op, reg(r), reg(30)); });
        break;
      default: break;
    }
  }
  if (f.format == Format::vsetivli) {
    cases.add("vsetivli x0, 16, e8, m1, ta, ma", [&](Assembler& a) { a.vset(16, 0xc0); });
    cases.add("vsetivli x0, 2, e64, m1, tu, ma", [&](Assembler& a) { a.vset(2, 0x98); });
    cases.add("vsetivli x0, 8, e8, mf2, ta, mu", [&](Assembler& a) { a.vset(8, 0x47); });
  }
}

// Adds cases for an instruction, with various registers and immediates.
void add_op(Cases& cases, Op op) {
  const OpFacts& f = facts(op);
  const std::string name(f.text);
  const auto name_of = [&](size_t i, unsigned number) { return register_name(f.operands[i], number); };
  const auto text2 = [&](unsigned rd, unsigned rs1) { return name + " " + name_of(0, rd) + ", " + name_of(1, rs1); };
  const bool rounds = f.format == Format::reg2r || f.format == Format::reg3r || f.format == Format::reg4r;
  const std::string mode = rounds ? ", rtz" : "";
  switch (f.format) {
    case Format::none: cases.add(name, [&](Assembler& a) { a.op0(op); }); break;
    case Format::reg1:
      for (unsigned rd : kRegisters)
        cases.add(name + " " + name_of(0, rd), [&](Assembler& a) { a.r2(op, reg(rd), kZero); });
      break;
    case Format::reg2:
    case Format::reg2r:
      for (unsigned rd : kRegisters)
        for (unsigned rs1 : kRegisters)
          cases.add(text2(rd, rs1) + mode, [&](Assembler& a) { a.r2(op, reg(rd), reg(rs1), Rounding::rtz); });
      break;
    case Format::reg3:
    case Format::reg3r:
      for (unsigned rd : kRegisters)
        for (unsigned rs1 : kRegisters)
          for (unsigned rs2 : kRegisters) {
            // An instruction that writes x0 is a hint. LLVM does not compress the same hints as this assembler.
            if (rd == 0 && f.operands[0] == 'x') continue;
            cases.add(text2(rd, rs1) + ", " + name_of(2, rs2) + mode,
                      [&](Assembler& a) { a.r3(op, reg(rd), reg(rs1), reg(rs2), Rounding::rtz); });
          }
      break;
    case Format::reg4r:
      for (unsigned r : kRegisters)
        cases.add(text2(r, 3) + ", f4, " + name_of(3, 31 - r) + mode,
                  [&](Assembler& a) { a.r4(op, reg(r), reg(3), reg(4), reg(31 - r), Rounding::rtz); });
      break;
    case Format::imm:
    case Format::shift:
    case Format::shiftw:
      for (unsigned rd : kRegisters)
        for (unsigned rs1 : kRegisters)
          for (int64_t imm : f.format == Format::imm ? std::span<const int64_t>(kImmediates) : kAmounts) {
            if (rd == 0 || (f.format == Format::shiftw && imm > 31)) continue;
            cases.add(text2(rd, rs1) + ", " + std::to_string(imm),
                      [&](Assembler& a) { a.ri(op, reg(rd), reg(rs1), imm); });
          }
      break;
    case Format::load:
    case Format::store:
      for (unsigned rd : kRegisters)
        for (unsigned rs1 : kRegisters)
          for (int64_t imm : kImmediates) {
            if (f.format == Format::load && rd == 0 && f.operands[0] == 'x' && op != Op::jalr) continue;
            cases.add(name + " " + name_of(0, rd) + ", " + std::to_string(imm) + "(" + name_of(1, rs1) + ")",
                      [&](Assembler& a) {
                        if (f.format == Format::load)
                          a.load(op, reg(rd), reg(rs1), imm);
                        else
                          a.store(op, reg(rd), reg(rs1), imm);
                      });
          }
      break;
    case Format::amo:
    case Format::amo1:
      for (unsigned rd : kRegisters)
        for (unsigned rs1 : kRegisters) {
          if (f.format == Format::amo1) {
            cases.add(name + " " + name_of(0, rd) + ", (" + name_of(1, rs1) + ")",
                      [&](Assembler& a) { a.r2(op, reg(rd), reg(rs1)); });
            continue;
          }
          for (unsigned rs2 : kRegisters)
            cases.add(name + " " + name_of(0, rd) + ", " + name_of(2, rs2) + ", (" + name_of(1, rs1) + ")",
                      [&](Assembler& a) { a.r3(op, reg(rd), reg(rs1), reg(rs2)); });
        }
      break;
    case Format::upper:
      for (unsigned rd : {1u, 2u, 8u, 31u})
        for (int64_t imm : {1, 31, 32, -1, -32, -33, 0x7ffff, -0x80000})
          cases.add(name + " " + name_of(0, rd) + ", " + std::to_string(imm & 0xfffff),
                    [&](Assembler& a) { a.upper(op, reg(rd), imm); });
      break;
    case Format::csrimm:
      for (unsigned rd : kRegisters)
        cases.add(name + " " + name_of(0, rd) + ", 3", [&](Assembler& a) { a.r2(op, reg(rd), reg(3)); });
      break;
    default: add_vector_op(cases, op); break;
  }
}

TEST(Rv64Assembler, EncodesAsLlvmDoes) {
  ASSERT_TRUE(have_llvm_mc()) << "needs llvm-mc-22: tools/packages.txt";
  Cases cases;
  for (unsigned i = 0; i < kOpCount; ++i) add_op(cases, static_cast<Op>(i));
  cases.check();
}

// Interprets the code of load_immediate. Returns the value that the code computes, or 0x1234567 if it contains an
// unknown instruction. `x` is the value of the only register, a0.
int64_t run_immediate(const codegen::CodeBuffer& code) {
  int64_t x = 0;
  for (uint32_t at = 0; at < code.offset();) {
    uint32_t word = static_cast<uint32_t>(code.bytes[at]) | static_cast<uint32_t>(code.bytes[at + 1]) << 8;
    if ((word & 3) == 3)
      word |= static_cast<uint32_t>(code.bytes[at + 2]) << 16 | static_cast<uint32_t>(code.bytes[at + 3]) << 24;
    at += (word & 3) == 3 ? 4 : 2;
    const int64_t imm6 = (word >> 12 & 1) != 0 ? -32 + int64_t{word >> 2 & 31} : int64_t{word >> 2 & 31};
    const int64_t imm12 = static_cast<int32_t>(word) >> 20;
    if ((word & 3) != 3) {
      switch (word & 0xe003) {
        case 0x4001: x = imm6; break;                                                           // c.li
        case 0x0001: x += imm6; break;                                                          // c.addi
        case 0x2001: x = static_cast<int32_t>(x + imm6); break;                                 // c.addiw
        case 0x6001: x = imm6 << 12; break;                                                     // c.lui
        case 0x8001: x = static_cast<int64_t>(static_cast<uint64_t>(x) >> (imm6 & 63)); break;  // c.srli
        case 0x0002: x = static_cast<int64_t>(static_cast<uint64_t>(x) << (imm6 & 63)); break;  // c.slli
        default: return 0x1234567;
      }
      continue;
    }
    const uint32_t from = word >> 15 & 31;
    const int64_t y = from == 0 ? 0 : x;
    if ((word & 0x7f) == 0x37)  // lui
      x = static_cast<int32_t>(word & 0xfffff000);
    else if ((word & 0x707f) == 0x13)  // addi
      x = y + imm12;
    else if ((word & 0x707f) == 0x1b)  // addiw
      x = static_cast<int32_t>(y + imm12);
    else if ((word & 0xfc00707f) == 0x1013)  // slli
      x = static_cast<int64_t>(static_cast<uint64_t>(y) << (imm12 & 63));
    else if ((word & 0xfc00707f) == 0x5013)  // srli
      x = static_cast<int64_t>(static_cast<uint64_t>(y) >> (imm12 & 63));
    else if ((word & 0xfc00707f) == 0x28001013)  // bseti
      x = y | int64_t{1} << (imm12 & 63);
    else if ((word & 0xfe00707f) == 0x0800003b)  // add.uw with x0: zext.w
      x = y & 0xffff'ffff;
    else
      return 0x1234567;
  }
  return x;
}

TEST(Rv64Assembler, LoadsAnyImmediate) {
  std::vector<int64_t> values = {0,
                                 1,
                                 -1,
                                 2047,
                                 2048,
                                 -2048,
                                 -2049,
                                 0x7fff'ffff,
                                 -0x8000'0000LL,
                                 0x8000'0000,
                                 0xffff'ffff,
                                 0x7fff'f800,
                                 0x1'0000'0000,
                                 0x1234'5678'9abc'def0,
                                 INT64_MIN,
                                 INT64_MAX,
                                 0x3ff0'0000'0000'0000,
                                 0x7fff'ffff'f800'0000,
                                 0xffff'0000'0000,
                                 0x5555'5555'5555'5555};
  for (unsigned i = 0; i < 64; ++i)
    for (int64_t d : {-1, 0, 1, 0x7ff, 0x800})
      values.push_back(static_cast<int64_t>((uint64_t{1} << i) + static_cast<uint64_t>(d)));
  uint64_t random = 88172645463325252ull;
  for (unsigned i = 0; i < 20000; ++i) {  // xorshift
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    values.push_back(static_cast<int64_t>(random) >> (random & 63));
  }
  for (int64_t value : values)
    for (bool extensions : {false, true}) {
      Arena arena(1 << 20);
      codegen::CodeBuffer code(arena);
      BranchLengths lengths(arena);
      Assembler assembler(code, lengths, extensions, extensions);
      assembler.load_immediate(a(0), value);
      ASSERT_EQ(run_immediate(code), value);
    }
}

}  // namespace
}  // namespace cairn::rv64
