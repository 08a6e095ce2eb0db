// Makes random function bodies for tests. The bodies are valid, terminate, and use many kinds of instructions.
//
// The bytes that the code emits are opcodes and types of the binary format ([wasm 5.3], [wasm 5.4]). The comments of
// the cases name the opcodes, except for these:
//
//   02 block     0b end    0e br_table  20 local.get  23 global.get  42 i64.const  71 i32.and
//   03 loop      0c br     1a drop      21 local.set  24 global.set  45 i32.eqz    b9 f64.convert_i64_s
//   04 if        0d br_if  1b select    22 local.tee  41 i32.const   6b i32.sub
//   05 else
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace cairn::compiler {

// Makes a module with one memory of one page, a mutable i32 and a mutable i64 global, and one function
// [i32 i32 i64 i64 f64] -> [i32 i64 f64].
class RandomModule {
 public:
  explicit RandomModule(uint64_t seed) : random_(seed) {}

  // Returns the bytes of the module.
  std::vector<std::byte> make() {
    std::vector<uint8_t> code;
    body_.clear();
    statements(4, 6);
    expression(kI32, 4);
    expression(kI64, 4);
    expression(kF64, 4);
    emit({0x0b});
    // The body begins with four groups of locals: two locals of each type, and then the counters of loops.
    append_number(code, 4);
    for (const uint8_t type : {kI32, kI64, kF64}) {
      append_number(code, 2);
      code.push_back(type);
    }
    append_number(code, kMaximumLoops);
    code.push_back(kI32);
    code.insert(code.end(), body_.begin(), body_.end());

    std::vector<uint8_t> module = {0, 'a', 's', 'm', 1, 0, 0, 0};
    section(module, 1, {1, 0x60, 5, kI32, kI32, kI64, kI64, kF64, 3, kI32, kI64, kF64});  // one function type
    section(module, 3, {1, 0});                                                           // one function of type 0
    section(module, 5, {1, 0, 1});                                            // one memory of at least 1 page
    section(module, 6, {2, kI32, 1, 0x41, 7, 0x0b, kI64, 1, 0x42, 9, 0x0b});  // two globals, initially 7 and 9
    std::vector<uint8_t> section_code = {1};                                  // the number of bodies
    append_number(section_code, code.size());
    section_code.insert(section_code.end(), code.begin(), code.end());
    section(module, 10, section_code);  // the code section
    std::vector<std::byte> bytes;
    for (const uint8_t byte : module) bytes.push_back(static_cast<std::byte>(byte));
    return bytes;
  }

 private:
  // Value types, and the type of a block without parameters and results.
  static constexpr uint8_t kI32 = 0x7f, kI64 = 0x7e, kF64 = 0x7c, kEmpty = 0x40;
  static constexpr uint32_t kMaximumLoops = 12;  // each loop has a local of its own as its counter
  static constexpr uint32_t kFirstCounter = 11;  // the local after 5 parameters and 6 other locals

  // Returns a random number below `count`.
  uint32_t pick(uint32_t count) { return static_cast<uint32_t>(random_() % count); }
  void emit(std::initializer_list<uint8_t> bytes) { body_.insert(body_.end(), bytes); }
  // Appends an unsigned LEB128 number. number() and signed_number() append to the body.
  static void append_number(std::vector<uint8_t>& out, uint64_t value) {
    do {
      const auto low = static_cast<uint8_t>(value & 0x7f);
      value >>= 7;
      out.push_back(value != 0 ? static_cast<uint8_t>(low | 0x80) : low);
    } while (value != 0);
  }
  void number(uint64_t value) { append_number(body_, value); }
  void signed_number(int64_t value) {
    for (;;) {
      const auto low = static_cast<uint8_t>(value & 0x7f);
      value >>= 7;
      const bool done = (value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
      body_.push_back(done ? low : static_cast<uint8_t>(low | 0x80));
      if (done) return;
    }
  }
  static void section(std::vector<uint8_t>& out, uint8_t id, const std::vector<uint8_t>& contents) {
    out.push_back(id);
    append_number(out, contents.size());
    out.insert(out.end(), contents.begin(), contents.end());
  }

  // Picks a random local that is not a loop's counter.
  uint32_t local_of(uint8_t type) {
    const uint32_t which = pick(type == kF64 ? 3 : 4);
    switch (type) {
      case kI32: return which < 2 ? which : 5 + which - 2;
      case kI64: return which < 2 ? 2 + which : 7 + which - 2;
      default: return which == 0 ? 4 : 9 + which - 1;
    }
  }
  uint8_t any_type() { return pick(3) == 0 ? (pick(2) == 0 ? kF64 : kI64) : kI32; }

  // Picks a number near which operations often go wrong.
  int64_t interesting() {
    static constexpr int64_t kNumbers[] = {0,   1,       -1,       2,    3,     4,     5,    7,          8,
                                           10,  16,      31,       32,   33,    63,    64,   100,        255,
                                           256, -2,      -7,       1000, 65535, 65536, -128, 0x7fffffff, -0x80000000LL,
                                           641, 6700417, 12345678, -10};
    return kNumbers[pick(sizeof kNumbers / sizeof kNumbers[0])];
  }

  // --- Emitting code. `depth` is the number of levels that expressions and statements may still nest.

  // Emits an i32 address, which in 15 of 16 cases is masked so that it is within the page.
  void address(uint32_t depth) {
    expression(kI32, depth);
    if (pick(16) != 0) {
      emit({0x41});
      signed_number(pick(2) == 0 ? 0xff8 : 0x3c);
      emit({0x71});
    }
  }
  void memarg() {
    number(0);            // the alignment: 2^0
    number(pick(4) * 4);  // the static offset
  }

  // Emits an expression with a value of the type.
  void expression(uint8_t type, uint32_t depth) {
    if (depth == 0 || pick(6) == 0) return leaf(type);
    switch (pick(16)) {
      case 0:  // select
        expression(type, depth - 1);
        expression(type, depth - 1);
        condition(depth - 1);
        return emit({0x1b});
      case 1:  // if with a result
        condition(depth - 1);
        emit({0x04, type});
        labels_.push_back(false);
        if (pick(3) == 0) statement(depth - 1);
        expression(type, depth - 1);
        emit({0x05});
        if (pick(3) == 0) statement(depth - 1);
        expression(type, depth - 1);
        labels_.pop_back();
        return emit({0x0b});
      case 2:  // a block with a result that may be left early
        emit({0x02, type});
        labels_.push_back(false);
        expression(type, depth - 1);
        condition(depth - 1);
        emit({0x0d, 0});
        if (pick(2) == 0) {
          emit({0x1a});
          expression(type, depth - 1);
        }
        labels_.pop_back();
        return emit({0x0b});
      case 3: {  // local.tee
        const uint32_t local = local_of(type);
        expression(type, depth - 1);
        emit({0x22});
        return number(local);
      }
      default: break;
    }
    switch (type) {
      case kI32: return i32(depth - 1);
      case kI64: return i64(depth - 1);
      default: return f64(depth - 1);
    }
  }

  // Emits a local, a global or a constant of the type.
  void leaf(uint8_t type) {
    if (pick(5) < 3) {
      emit({0x20});
      return number(local_of(type));
    }
    switch (type) {
      case kI32:
        if (pick(6) == 0) return emit({0x23, 0});
        emit({0x41});
        return signed_number(static_cast<int32_t>(interesting()));
      case kI64:
        if (pick(6) == 0) return emit({0x23, 1});
        emit({0x42});
        return signed_number(pick(8) == 0 ? static_cast<int64_t>(random_()) : interesting());
      default: {
        emit({0x42});
        signed_number(interesting());
        return emit({0xb9});
      }
    }
  }

  // Emits an i32 that is a condition.
  void condition(uint32_t depth) {
    if (pick(8) == 0 || depth == 0) return leaf(kI32);
    if (pick(6) == 0) {
      condition(depth - 1);
      return emit({0x45});
    }
    compare(depth - 1);
  }
  void compare(uint32_t depth) {
    switch (pick(4)) {
      case 0:  // i64.eq to i64.ge_u
        expression(kI64, depth);
        expression(kI64, depth);
        return emit({static_cast<uint8_t>(0x51 + pick(10))});
      case 1:  // f64.eq to f64.ge
        expression(kF64, depth);
        expression(kF64, depth);
        return emit({static_cast<uint8_t>(0x61 + pick(6))});
      default:  // i32.eq to i32.ge_u
        expression(kI32, depth);
        expression(kI32, depth);
        return emit({static_cast<uint8_t>(0x46 + pick(10))});
    }
  }

  void i32(uint32_t depth) {
    switch (pick(10)) {
      case 0: return compare(depth);
      case 1:  // clz, ctz, popcnt
        expression(kI32, depth);
        return emit({static_cast<uint8_t>(0x67 + pick(3))});
      case 2:  // extend8_s, extend16_s
        expression(kI32, depth);
        return emit({static_cast<uint8_t>(0xc0 + pick(2))});
      case 3:  // wrap
        expression(kI64, depth);
        return emit({0xa7});
      case 4: {  // loads
        address(depth);
        static constexpr uint8_t kLoads[] = {0x28, 0x28, 0x2c, 0x2d, 0x2e, 0x2f};
        emit({kLoads[pick(6)]});
        return memarg();
      }
      case 5: {  // division, mostly by a constant
        expression(kI32, depth);
        if (pick(4) == 0) {
          expression(kI32, depth);
        } else {
          emit({0x41});
          signed_number(static_cast<int32_t>(pick(4) == 0 ? static_cast<int64_t>(random_()) : interesting()));
        }
        return emit({static_cast<uint8_t>(0x6d + pick(4))});
      }
      default:  // `add`, `sub`, `mul`, or one of the opcodes from `and` to `rotr`
        expression(kI32, depth);
        expression(kI32, depth);
        return emit({binary(0x6a, 0x71)});
    }
  }
  void i64(uint32_t depth) {
    switch (pick(10)) {
      case 0:  // clz, ctz, popcnt
        expression(kI64, depth);
        return emit({static_cast<uint8_t>(0x79 + pick(3))});
      case 1:  // extend8_s, extend16_s, extend32_s
        expression(kI64, depth);
        return emit({static_cast<uint8_t>(0xc2 + pick(3))});
      case 2:
      case 3:  // extend_i32_s, extend_i32_u
        expression(kI32, depth);
        return emit({static_cast<uint8_t>(0xac + pick(2))});
      case 4: {  // loads
        address(depth);
        static constexpr uint8_t kLoads[] = {0x29, 0x29, 0x30, 0x31, 0x34, 0x35};
        emit({kLoads[pick(6)]});
        return memarg();
      }
      case 5: {  // division, mostly by a constant
        expression(kI64, depth);
        if (pick(4) == 0) {
          expression(kI64, depth);
        } else {
          emit({0x42});
          signed_number(pick(4) == 0 ? static_cast<int64_t>(random_()) : interesting());
        }
        return emit({static_cast<uint8_t>(0x7f + pick(4))});
      }
      default:  // `add`, `sub`, `mul`, or one of the opcodes from `and` to `rotr`
        expression(kI64, depth);
        expression(kI64, depth);
        return emit({binary(0x7c, 0x83)});
    }
  }
  // Returns a random opcode: one of add, sub and mul, which begin at `arithmetic`, or one of the logic operations,
  // shifts and rotations, which begin at `logic`.
  uint8_t binary(uint8_t arithmetic, uint8_t logic) {
    return pick(2) == 0 ? static_cast<uint8_t>(arithmetic + pick(3)) : static_cast<uint8_t>(logic + pick(8));
  }
  void f64(uint32_t depth) {
    switch (pick(5)) {
      case 0:  // abs, neg
        expression(kF64, depth);
        return emit({static_cast<uint8_t>(0x99 + pick(2))});
      case 1:  // convert_i64_s
        expression(kI64, depth);
        return emit({0xb9});
      case 2:  // load
        address(depth);
        emit({0x2b});
        return memarg();
      default:  // add, sub, mul, div
        expression(kF64, depth);
        expression(kF64, depth);
        return emit({static_cast<uint8_t>(0xa0 + pick(4))});
    }
  }

  // Emits between 1 and `count` statements.
  void statements(uint32_t depth, uint32_t count) {
    for (uint32_t i = 1 + pick(count); i > 0; --i) statement(depth);
  }

  // Emits a branch to an enclosing block or `if` without a result, if it finds one. No such branch leads to a loop: the
  // only branch to a loop is the one that counts down the loop's counter.
  void branch(uint32_t depth) {
    for (int tries = 0; tries < 4; ++tries) {
      if (labels_.empty()) return;
      const uint32_t target = pick(static_cast<uint32_t>(labels_.size()));
      if (!labels_[labels_.size() - 1 - target]) continue;
      if (pick(4) == 0) {
        emit({0x0c});
        return number(target);
      }
      condition(depth);
      emit({0x0d});
      return number(target);
    }
  }

  void statement(uint32_t depth) {
    const uint8_t type = any_type();
    if (depth == 0 || pick(3) == 0) {  // local.set
      const uint32_t local = local_of(type);
      expression(type, depth == 0 ? 1 : depth);
      emit({0x21});
      return number(local);
    }
    switch (pick(9)) {
      case 0:  // i32.store, i32.store8
        address(depth - 1);
        expression(kI32, depth - 1);
        emit({static_cast<uint8_t>(pick(2) == 0 ? 0x36 : 0x3a)});
        return memarg();
      case 1:  // i64.store, f64.store
        address(depth - 1);
        expression(type == kI32 ? kI64 : type, depth - 1);
        emit({static_cast<uint8_t>(type == kF64 ? 0x39 : 0x37)});
        return memarg();
      case 2:  // if
        condition(depth - 1);
        emit({0x04, kEmpty});
        labels_.push_back(true);
        statements(depth - 1, 3);
        if (pick(2) == 0) {
          emit({0x05});
          statements(depth - 1, 3);
        }
        labels_.pop_back();
        return emit({0x0b});
      case 3:  // block
        emit({0x02, kEmpty});
        labels_.push_back(true);
        statements(depth - 1, 3);
        branch(depth - 1);
        statements(depth - 1, 3);
        labels_.pop_back();
        return emit({0x0b});
      case 4: {  // a loop that counts down a counter
        if (loops_ == kMaximumLoops) return branch(depth - 1);
        const uint32_t counter = kFirstCounter + loops_++;
        emit({0x41});
        signed_number(1 + pick(5));
        emit({0x21});
        number(counter);
        emit({0x03, kEmpty});
        labels_.push_back(false);
        statements(depth - 1, 4);
        emit({0x20});
        number(counter);
        emit({0x41, 1, 0x6b, 0x22});
        number(counter);
        emit({0x0d, 0});
        labels_.pop_back();
        return emit({0x0b});
      }
      case 5: {  // a br_table in nested blocks
        const uint32_t cases = 1 + pick(4);
        for (uint32_t i = 0; i <= cases; ++i) {
          emit({0x02, kEmpty});
          labels_.push_back(true);
        }
        expression(kI32, depth - 1);
        emit({0x41, 7, 0x71, 0x0e});
        const uint32_t targets = pick(7);
        number(targets);
        for (uint32_t i = 0; i <= targets; ++i) number(pick(cases + 1));
        for (uint32_t i = 0; i <= cases; ++i) {
          emit({0x0b});
          labels_.pop_back();
          if (i < cases) {
            statements(depth - 1, 2);
            if (pick(2) == 0) {
              emit({0x0c});
              number(cases - 1 - i);
            }
          }
        }
        return;
      }
      case 6:  // drop
        expression(pick(2) == 0 ? kI32 : kI64, depth - 1);
        return emit({0x1a});
      case 7: {  // global.set
        const bool is_wide = pick(2) == 0;
        expression(is_wide ? kI64 : kI32, depth - 1);
        return emit({0x24, static_cast<uint8_t>(is_wide ? 1 : 0)});
      }
      default: return branch(depth - 1);
    }
  }

  std::mt19937_64 random_;
  std::vector<uint8_t> body_;
  std::vector<bool> labels_;  // for each open block, whether a statement may branch to it
  uint32_t loops_ = 0;        // number of loops so far
};

}  // namespace cairn::compiler
