// Removes objects that never leave their function. The values that are stored in their fields replace loads of the
// fields.
//
//   v2 = gc_new v1, _, 0 {...}                  jump block1
//   heap_store v2, v1, v0 {offset 8}          block1:
//   jump block1                        =>       v4 = call direct 3 v0
//   block1:
//     v3 = heap_load v2, v1 {offset 8}
//     v4 = call direct 3 v3
//
// An object stays if its reference is passed on: stored, returned, or given to a call or a block. An object also stays
// if its fields are written outside the block that makes it; otherwise each field has one value in all other blocks.
// Later objects are visited first, since an object that is stored only in a removed object may be removed as well. If
// an object was removed, number_values() runs again.
#include "abi/heap_layout.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::AliasClass;
using ir::Block;
using ir::Condition;
using ir::Extension;
using ir::Function;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Target;
using ir::Type;
using ir::Value;

namespace {

class ObjectRemover {
 public:
  explicit ObjectRemover(Function& function)
      : function_(function),
        replacements_(function),
        first_use_(function.arena),
        uses_(function.arena),
        objects_(function.arena),
        fields_(function.arena) {}

  // Returns whether any object was removed.
  bool run() {
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      for (Value v = function_[Block(b)].first; v; v = function_.next(v)) {
        if (is_candidate(v)) objects_.push_back(v);
      }
    }
    if (objects_.empty()) return false;
    collect_uses();
    bool any = false;
    for (size_t i = objects_.size(); i-- > 0;) any |= remove(objects_[i]);
    if (any) replacements_.apply(function_);
    return any;
  }

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;
  // Objects with more written fields than this are not removed.
  static constexpr size_t kMaximumFields = 64;
  struct Use {
    Value user;  // none if the value is an argument for a block
    uint32_t next = kNone;
  };
  struct Field {
    uint64_t offset;  // in bytes, from the start of the object
    uint8_t size;     // number of bytes
    Value value;      // the value that was stored last
  };

  bool is_candidate(Value v) const {
    return function_[v].opcode == Opcode::gc_new &&
           function_[v].immediate == static_cast<int64_t>(abi::ObjectKind::structure);
  }

  // Collects the users of references, as lists by value.
  void collect_uses() {
    first_use_.assign(function_.value_count(), kNone);
    const auto add = [&](Value value, Value user) {
      if (!value || function_[value].type != Type::gcref) return;
      uses_.push_back({user, first_use_[value.index()]});
      first_use_[value.index()] = static_cast<uint32_t>(uses_.size() - 1);
    };
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      for (Value v = function_[Block(b)].first; v; v = function_.next(v)) {
        for (const Value operand : function_.operands(v)) add(operand, v);
        for (const Target& target : function_.targets(v)) {
          for (const Value argument : function_.arguments(target)) add(argument, Value::none());
        }
      }
    }
  }

  // Calls `f` with each Use::user of the object until `f` returns false. Returns whether `f` never returned false.
  template <class F>
  bool for_each_user(Value object, F&& f) {
    for (uint32_t u = first_use_[object.index()]; u != kNone; u = uses_[u].next) {
      const Value user = uses_[u].user;
      if (user && !function_.block_of(user)) continue;  // the user was removed
      if (!f(user)) return false;
    }
    return true;
  }

  // Whether the load or store goes to a field of the object.
  bool is_access(Value user, Value object) {
    if (function_.memory_access(user).alias != AliasClass::field) return false;
    return replacements_(function_[user].operands[0]) == object;
  }
  // Whether the reference is the null constant, which is the only constant reference.
  bool is_null(Value value) const { return function_[value].opcode == Opcode::iconst; }

  // Whether no use passes the object on or compares it with another object, and all stores to the object's fields are
  // in the block that makes it.
  bool stays_inside(Value object) {
    const Block home = function_.block_of(object);
    return for_each_user(object, [&](Value user) {
      if (!user) return false;
      const Instruction& inst = function_[user];
      switch (inst.opcode) {
        case Opcode::heap_load: return is_access(user, object) && inst.type != Type::none;
        case Opcode::heap_store:
          return is_access(user, object) && replacements_(inst.operands[2]) != object &&
                 function_.block_of(user) == home;
        case Opcode::gc_barrier: return true;
        case Opcode::icmp:
          return (inst.condition() == Condition::eq || inst.condition() == Condition::ne) &&
                 (is_null(inst.operands[0]) || is_null(inst.operands[1]));
        default: return false;
      }
    });
  }

  // Returns the entry of fields_ for the bytes of the access, or null.
  Field* find(const MemoryAccess& access) {
    for (Field& field : fields_) {
      if (field.offset == access.offset && field.size == access.size) return &field;
    }
    return nullptr;
  }

  // Follows the stores and loads of the object in the block that makes it, in order. If `replaces` is set, removes the
  // stores and replaces the loads by the stored values. Returns false if a field is loaded before it is written, or if
  // there are too many fields.
  bool follow(Value object, bool replaces) {
    fields_.clear();
    for (Value v = function_.next(object); v;) {
      const Value next = function_.next(v);
      const Opcode opcode = function_[v].opcode;
      if ((opcode == Opcode::heap_store || opcode == Opcode::heap_load) && is_access(v, object)) {
        const MemoryAccess access = function_.memory_access(v);
        Field* const field = find(access);
        if (opcode == Opcode::heap_load) {
          if (field == nullptr) return false;
          if (replaces) replace_load(v, field->value);
        } else {
          const Value value = replacements_(function_[v].operands[2]);
          if (field != nullptr) {
            field->value = value;
          } else {
            if (fields_.size() == kMaximumFields) return false;
            fields_.push_back({access.offset, access.size, value});
          }
          if (replaces) function_.remove(v);
        }
      }
      v = next;
    }
    return true;
  }

  // Replaces a load with the result that it has after a store of `value` to the same place.
  void replace_load(Value load, Value value) {
    const MemoryAccess& access = function_.memory_access(load);
    if (access.extension != Extension::none) {
      Instruction inst;
      inst.type = Type::i32;
      inst.position = function_[load].position;
      inst.operands[0] = value;
      if (access.extension == Extension::sign) {
        inst.opcode = access.size == 1 ? Opcode::sext8 : Opcode::sext16;
      } else {
        Instruction mask;
        mask.type = Type::i32;
        mask.immediate = access.size == 1 ? 0xff : 0xffff;
        inst.opcode = Opcode::iand;
        inst.operands[1] = function_.insert_before(load, mask);
      }
      value = function_.insert_before(load, inst);
    } else if (function_[load].type == Type::gcref) {
      // The users of the load become users of the value.
      uint32_t last = first_use_[load.index()];
      if (last != kNone && value.index() < first_use_.size()) {
        const uint32_t first = last;
        while (uses_[last].next != kNone) last = uses_[last].next, ++steps_;
        uses_[last].next = first_use_[value.index()];
        first_use_[value.index()] = first;
        first_use_[load.index()] = kNone;
      }
    }
    replacements_.replace(load, value);
    function_.remove(load);
  }

  // Removes the object if that is possible. Returns whether it was.
  bool remove(Value object) {
    if (steps_ > 8 * size_t{function_.value_count()}) return false;
    if (!stays_inside(object) || !follow(object, false)) return false;
    const Block home = function_.block_of(object);
    const bool all_known = for_each_user(object, [&](Value user) {
      return function_[user].opcode != Opcode::heap_load || function_.block_of(user) == home ||
             find(function_.memory_access(user)) != nullptr;
    });
    if (!all_known) return false;
    follow(object, true);
    for_each_user(object, [&](Value user) {
      switch (function_[user].opcode) {
        case Opcode::heap_load: replace_load(user, find(function_.memory_access(user))->value); break;
        case Opcode::icmp: {
          Instruction& inst = function_[user];
          const bool holds = inst.condition() == Condition::ne;
          inst.opcode = Opcode::iconst;
          inst.aux = 0;
          inst.operands[0] = inst.operands[1] = Value::none();
          inst.immediate = holds ? 1 : 0;
          break;
        }
        default: function_.remove(user); break;
      }
      return true;
    });
    function_.remove(object);
    return true;
  }

  Function& function_;
  Replacements replacements_;
  ScratchVector<uint32_t> first_use_;  // for each value, the index in uses_ of the first use; kNone if there is none
  ScratchVector<Use> uses_;
  ScratchVector<Value> objects_;
  // The number of steps along lists of uses that were joined. The limit of 8 for each value of the function keeps the
  // pass linear for chains of objects.
  size_t steps_ = 0;
  ScratchVector<Field> fields_;  // the fields of the current object, at the instruction that follow() has reached
};

}  // namespace

void remove_objects(Function& function, Analyses& analyses) {
  if (ObjectRemover(function).run()) number_values(function, analyses);
}

}  // namespace cairn::opt
