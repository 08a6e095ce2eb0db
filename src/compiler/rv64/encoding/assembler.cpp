#include "compiler/rv64/encoding/assembler.hpp"

#include <array>
#include <bit>

#include "base/assert.hpp"
#include "compiler/rv64/encoding/compression/compress.hpp"

namespace cairn::rv64 {
namespace {

using codegen::Label;

constexpr uint32_t rd_field(PReg r) { return r.encoding() << 7; }
constexpr uint32_t rs1_field(PReg r) { return r.encoding() << 15; }
constexpr uint32_t rs2_field(PReg r) { return r.encoding() << 20; }
constexpr uint32_t bits_of(int64_t value, unsigned low, unsigned count) {
  return static_cast<uint32_t>(value >> low) & ((uint32_t{1} << count) - 1);
}
constexpr uint32_t store_field(int64_t imm) { return bits_of(imm, 5, 7) << 25 | bits_of(imm, 0, 5) << 7; }
constexpr uint32_t branch_field(int64_t distance) {
  return bits_of(distance, 12, 1) << 31 | bits_of(distance, 5, 6) << 25 | bits_of(distance, 1, 4) << 8 |
         bits_of(distance, 11, 1) << 7;
}
constexpr uint32_t jump_field(int64_t distance) {
  return bits_of(distance, 20, 1) << 31 | bits_of(distance, 1, 10) << 21 | bits_of(distance, 11, 1) << 20 |
         bits_of(distance, 12, 8) << 12;
}
constexpr uint32_t rounding_field(Rounding r) { return static_cast<uint32_t>(r) << 12; }
constexpr bool has_rounding(Format f) { return f == Format::reg2r || f == Format::reg3r || f == Format::reg4r; }

// These functions return the 16-bit forms of `beq/bne rs, x0` and `jal x0` for the distance `d` in bytes.
constexpr uint16_t compressed_branch(bool equal, PReg rs, int64_t d) {
  return static_cast<uint16_t>((equal ? 0xc001u : 0xe001u) | bits_of(d, 8, 1) << 12 | bits_of(d, 3, 2) << 10 |
                               (rs.encoding() - 8) << 7 | bits_of(d, 6, 2) << 5 | bits_of(d, 1, 2) << 3 |
                               bits_of(d, 5, 1) << 2);
}
constexpr uint16_t compressed_jump(int64_t d) {
  return static_cast<uint16_t>(0xa001u | bits_of(d, 11, 1) << 12 | bits_of(d, 4, 1) << 11 | bits_of(d, 8, 2) << 9 |
                               bits_of(d, 10, 1) << 8 | bits_of(d, 6, 1) << 7 | bits_of(d, 7, 1) << 6 |
                               bits_of(d, 1, 3) << 3 | bits_of(d, 5, 1) << 2);
}

uint32_t read32(const codegen::CodeBuffer& code, uint32_t offset) {
  uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<uint32_t>(code.bytes[offset + i]) << (8 * i);
  return value;
}
void write32(codegen::CodeBuffer& code, uint32_t offset, uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) code.bytes[offset + i] = static_cast<std::byte>(value >> (8 * i));
}

// Splits a distance or constant of 32 bits into the immediates of auipc or lui and of the instruction after it:
// (high20 << 12) + low12 is the value.
constexpr int64_t high20(int64_t value) { return (value + 0x800) >> 12; }
constexpr int64_t low12(int64_t value) { return value - (high20(value) << 12); }

// --- Constants. The instructions that make a constant are first found as data, and then counted or emitted.

// One instruction. The first one of a sequence reads x0, and every other one reads the register that it writes.
struct ImmediateStep {
  enum class Kind : uint8_t { addi, lui, addiw, slli, srli, zext_w, bseti } kind;
  int64_t value;
};
struct ImmediateSequence {
  std::array<ImmediateStep, 10> steps;
  unsigned count = 0;
  void add(ImmediateStep::Kind kind, int64_t value) { steps[count++] = {kind, value}; }
};

// Adds the instructions that make `value`. If it does not fit in 32 bits, its upper part is made first, then shifted,
// and the low 12 bits are added.
void plain_sequence(int64_t value, bool zbs, ImmediateSequence& s) {
  using Kind = ImmediateStep::Kind;
  if (fits_signed(value, 12)) return s.add(Kind::addi, value);
  if (fits_signed(value, 32)) {
    s.add(Kind::lui, high20(value) << 44 >> 44);
    if (low12(value) != 0) s.add(Kind::addiw, low12(value));
    return;
  }
  if (zbs && std::has_single_bit(static_cast<uint64_t>(value)))
    return s.add(Kind::bseti, std::countr_zero(static_cast<uint64_t>(value)));
  const int64_t low = static_cast<int64_t>(static_cast<uint64_t>(value) << 52) >> 52;
  int64_t high = static_cast<int64_t>(static_cast<uint64_t>(value) - static_cast<uint64_t>(low));
  unsigned shift = static_cast<unsigned>(std::countr_zero(static_cast<uint64_t>(high)));
  // lui makes a number whose low twelve bits are zero. If lui can make the upper part, the shift is twelve less.
  if (shift > 12 && !fits_signed(high >> shift, 12) && fits_signed(high >> (shift - 12), 32)) shift -= 12;
  plain_sequence(high >> shift, zbs, s);
  s.add(Kind::slli, shift);
  if (low != 0) s.add(Kind::addi, low);
}

ImmediateSequence immediate_sequence(int64_t value, bool zba, bool zbs) {
  using Kind = ImmediateStep::Kind;
  ImmediateSequence best;
  plain_sequence(value, zbs, best);
  if (best.count <= 2 || value < 0) return best;
  const auto consider = [&](int64_t start, Kind kind, int64_t operand) {
    ImmediateSequence other;
    plain_sequence(start, zbs, other);
    other.add(kind, operand);
    if (other.count < best.count) best = other;
  };
  // A positive constant may also be made from a negative one by a shift to the right. The bits that are shifted out may
  // be ones or zeros.
  const unsigned zeros = static_cast<unsigned>(std::countl_zero(static_cast<uint64_t>(value)));
  const uint64_t moved = static_cast<uint64_t>(value) << zeros;
  consider(static_cast<int64_t>(moved | ((uint64_t{1} << zeros) - 1)), Kind::srli, zeros);
  consider(static_cast<int64_t>(moved), Kind::srli, zeros);
  if (zba && zeros >= 32) consider(static_cast<int32_t>(value), Kind::zext_w, 0);
  return best;
}

}  // namespace

Assembler::Assembler(codegen::CodeBuffer& code, BranchLengths& lengths, bool zba, bool zbs)
    : code_(code), lengths_(lengths), labels_(code.bytes.arena()), fixups_(code.bytes.arena()), zba_(zba), zbs_(zbs) {}

void Assembler::emit(uint32_t instruction) {
  if (const auto half = compress(instruction))
    code_.emit16(*half);
  else
    code_.emit32(instruction);
}

void Assembler::r2(Op op, PReg rd, PReg rs1, Rounding rounding) {
  uint32_t bits = facts(op).bits | rd_field(rd) | rs1_field(rs1);
  if (has_rounding(facts(op).format)) bits |= rounding_field(rounding);
  emit(bits);
}

void Assembler::r3(Op op, PReg rd, PReg rs1, PReg rs2, Rounding rounding) {
  uint32_t bits = facts(op).bits | rd_field(rd) | rs1_field(rs1) | rs2_field(rs2);
  if (has_rounding(facts(op).format)) bits |= rounding_field(rounding);
  emit(bits);
}

void Assembler::r4(Op op, PReg rd, PReg rs1, PReg rs2, PReg rs3, Rounding rounding) {
  emit(facts(op).bits | rd_field(rd) | rs1_field(rs1) | rs2_field(rs2) | rs3.encoding() << 27 |
       rounding_field(rounding));
}

void Assembler::ri(Op op, PReg rd, PReg rs1, int64_t immediate) {
  const Format format = facts(op).format;
  if (format == Format::shift || format == Format::shiftw)
    CAIRN_ASSERT(immediate >= 0 && immediate < (format == Format::shift ? 64 : 32));
  else
    CAIRN_ASSERT(fits_signed(immediate, 12));
  emit(facts(op).bits | rd_field(rd) | rs1_field(rs1) | bits_of(immediate, 0, 12) << 20);
}

void Assembler::store(Op op, PReg source, PReg base, int64_t offset) {
  CAIRN_ASSERT(fits_signed(offset, 12));
  emit(facts(op).bits | rs1_field(base) | rs2_field(source) | store_field(offset));
}

void Assembler::upper(Op op, PReg rd, int64_t immediate) {
  emit(facts(op).bits | rd_field(rd) | bits_of(immediate, 0, 20) << 12);
}

// --- vectors

void Assembler::v3(Op op, PReg vd, PReg vs2, PReg vs1, Mask mask) {
  uint32_t bits = facts(op).bits | rd_field(vd) | rs2_field(vs2) | rs1_field(vs1);
  if (mask == Mask::v0) bits &= ~(1u << 25);  // bit 25 is vm: 1 means that there is no mask
  emit(bits);
}

void Assembler::vi(Op op, PReg vd, PReg vs2, int64_t immediate, Mask mask) {
  CAIRN_ASSERT(immediate >= -16 && immediate < 32);
  uint32_t bits = facts(op).bits | rd_field(vd) | rs2_field(vs2) | bits_of(immediate, 0, 5) << 15;
  if (mask == Mask::v0) bits &= ~(1u << 25);
  emit(bits);
}

void Assembler::v2(Op op, PReg vd, PReg vs2, Mask mask) {
  uint32_t bits = facts(op).bits | rd_field(vd) | rs2_field(vs2);
  if (mask == Mask::v0) bits &= ~(1u << 25);
  emit(bits);
}

void Assembler::v1(Op op, PReg vd, PReg source) { emit(facts(op).bits | rd_field(vd) | rs1_field(source)); }

void Assembler::v1i(Op op, PReg vd, int64_t immediate) {
  CAIRN_ASSERT(immediate >= -16 && immediate < 32);
  emit(facts(op).bits | rd_field(vd) | bits_of(immediate, 0, 5) << 15);
}

void Assembler::v0(Op op, PReg vd) { emit(facts(op).bits | rd_field(vd)); }

void Assembler::vset(unsigned length, unsigned vtype) {
  CAIRN_ASSERT(length < 32 && vtype < 1024);
  emit(facts(Op::vsetivli).bits | length << 15 | vtype << 20);
}

void Assembler::vmem(Op op, PReg vector, PReg base) { emit(facts(op).bits | rd_field(vector) | rs1_field(base)); }

// --- common shapes

void Assembler::load_immediate(PReg rd, int64_t value) {
  const ImmediateSequence sequence = immediate_sequence(value, zba_, zbs_);
  PReg source = kZero;
  for (unsigned i = 0; i < sequence.count; ++i, source = rd) {
    const ImmediateStep& step = sequence.steps[i];
    switch (step.kind) {
      case ImmediateStep::Kind::addi: ri(Op::addi, rd, source, step.value); break;
      case ImmediateStep::Kind::lui: upper(Op::lui, rd, step.value); break;
      case ImmediateStep::Kind::addiw: ri(Op::addiw, rd, source, step.value); break;
      case ImmediateStep::Kind::slli: ri(Op::slli, rd, source, step.value); break;
      case ImmediateStep::Kind::srli: ri(Op::srli, rd, source, step.value); break;
      case ImmediateStep::Kind::zext_w: r3(Op::add_uw, rd, source, kZero); break;
      case ImmediateStep::Kind::bseti: ri(Op::bseti, rd, source, step.value); break;
    }
  }
}

unsigned Assembler::immediate_length(int64_t value) const { return immediate_sequence(value, zba_, zbs_).count; }

void Assembler::add_immediate(PReg rd, PReg rs, int64_t value, PReg scratch) {
  if (fits_signed(value, 12)) {
    if (value != 0 || rd != rs) ri(Op::addi, rd, rs, value);
    return;
  }
  load_immediate(scratch, value);
  r3(Op::add, rd, rs, scratch);
}

void Assembler::load_far(Op op, PReg rd, PReg base, int64_t offset, PReg scratch) {
  if (fits_signed(offset, 12)) return load(op, rd, base, offset);
  CAIRN_ASSERT(fits_signed(offset, 31));
  upper(Op::lui, scratch, high20(offset));
  r3(Op::add, scratch, scratch, base);
  load(op, rd, scratch, low12(offset));
}

void Assembler::store_far(Op op, PReg source, PReg base, int64_t offset, PReg scratch) {
  if (fits_signed(offset, 12)) return store(op, source, base, offset);
  CAIRN_ASSERT(fits_signed(offset, 31));
  upper(Op::lui, scratch, high20(offset));
  r3(Op::add, scratch, scratch, base);
  store(op, source, scratch, low12(offset));
}

void Assembler::rodata(Op op, PReg rd, PReg scratch, uint32_t rodata_offset) {
  code_.relocations.push_back({codegen::RelocationKind::rodata, offset(), rodata_offset, 0});
  emit_long(facts(Op::auipc).bits | rd_field(scratch));
  emit_long(facts(op).bits | rd_field(rd) | rs1_field(scratch));
}

// --- labels

Label Assembler::new_label() {
  labels_.push_back(kUnbound);
  return Label(static_cast<uint32_t>(labels_.size() - 1));
}

void Assembler::bind(Label label) {
  CAIRN_ASSERT(!is_bound(label));
  labels_[label.index()] = offset();
}

uint8_t Assembler::length_of_next(uint32_t& sequence) {
  sequence = next_sequence_++;
  if (sequence == lengths_.lengths.size()) lengths_.lengths.push_back(0);
  return lengths_.lengths[sequence];
}

void Assembler::far_jump(Label target, PReg scratch, uint32_t sequence) {
  fixups_.push_back({offset(), target, sequence, FixupKind::far});
  emit_long(facts(Op::auipc).bits | rd_field(scratch));
  emit_long(facts(Op::jalr).bits | rs1_field(scratch));
}

void Assembler::branch(Op op, PReg rs1, PReg rs2, Label target) {
  uint8_t length = 0;
  uint32_t sequence = 0;
  if (is_bound(target)) {
    const int64_t distance = int64_t{offset_of(target)} - offset();
    if (distance >= -256 && rs2 == kZero && rs1.encoding() >= 8 && rs1.encoding() < 16 &&
        (op == Op::beq || op == Op::bne))
      return code_.emit16(compressed_branch(op == Op::beq, rs1, distance));
    length = distance >= -4096 ? 0 : distance - 4 >= -(1 << 20) ? 1 : 2;
  } else {
    length = length_of_next(sequence);
  }
  if (length == 0) {
    fixups_.push_back({offset(), target, sequence, FixupKind::branch});
    emit_long(facts(op).bits | rs1_field(rs1) | rs2_field(rs2));
    return;
  }
  emit_long(facts(inverted_branch(op)).bits | rs1_field(rs1) | rs2_field(rs2) | branch_field(length == 1 ? 8 : 12));
  if (length == 1) {
    fixups_.push_back({offset(), target, sequence, FixupKind::jump});
    emit_long(facts(Op::jal).bits);
  } else {
    far_jump(target, kScratch, sequence);
  }
}

void Assembler::jump(Label target) {
  uint8_t length = 0;
  uint32_t sequence = 0;
  if (is_bound(target)) {
    const int64_t distance = int64_t{offset_of(target)} - offset();
    if (distance >= -2048) return code_.emit16(compressed_jump(distance));
    length = distance >= -(1 << 20) ? 1 : 2;
  } else {
    length = length_of_next(sequence);
  }
  if (length == 2) return far_jump(target, kScratch, sequence);
  fixups_.push_back({offset(), target, sequence, FixupKind::jump});
  emit_long(facts(Op::jal).bits);
}

void Assembler::address(PReg rd, Label target) {
  fixups_.push_back({offset(), target, 0, FixupKind::far});
  emit_long(facts(Op::auipc).bits | rd_field(rd));
  emit_long(facts(Op::addi).bits | rd_field(rd) | rs1_field(rd));
}

void Assembler::table_entry(Label target, unsigned bytes) {
  if (bytes == 8) return far_jump(target, kScratch, 0);
  fixups_.push_back({offset(), target, 0, FixupKind::table});
  emit_long(facts(Op::jal).bits);
}

void Assembler::patch(const Fixup& fixup, int64_t distance) {
  const uint32_t old = read32(code_, fixup.offset);
  switch (fixup.kind) {
    case FixupKind::branch: write32(code_, fixup.offset, old | branch_field(distance)); break;
    case FixupKind::jump:
    case FixupKind::table: write32(code_, fixup.offset, old | jump_field(distance)); break;
    case FixupKind::far:
      write32(code_, fixup.offset, old | bits_of(high20(distance), 0, 20) << 12);
      write32(code_, fixup.offset + 4, read32(code_, fixup.offset + 4) | bits_of(low12(distance), 0, 12) << 20);
      break;
  }
}

bool Assembler::finish() {
  bool fits = true;
  for (const Fixup& fixup : fixups_) {
    CAIRN_ASSERT(is_bound(fixup.label));
    const int64_t distance = int64_t{offset_of(fixup.label)} - fixup.offset;
    if (fixup.kind == FixupKind::table && !fits_signed(distance, 21)) {
      tables_too_far_ = true;
      fits = false;
    } else if ((fixup.kind == FixupKind::branch && !fits_signed(distance, 13)) ||
               (fixup.kind == FixupKind::jump && !fits_signed(distance, 21))) {
      // A target that is too far for a conditional branch may be too far for a jal as well. A jal has 21 bits for the
      // distance, but the code in between may still grow, so it is used for distances of 20 bits only.
      lengths_.lengths[fixup.sequence] = fits_signed(distance, 20) ? 1 : 2;
      fits = false;
    }
  }
  if (!fits) return false;
  for (const Fixup& fixup : fixups_) patch(fixup, int64_t{offset_of(fixup.label)} - fixup.offset);
  return true;
}

}  // namespace cairn::rv64
