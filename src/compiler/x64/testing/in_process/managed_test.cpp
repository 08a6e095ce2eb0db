// Runs inline allocation and the write barrier on this machine, with the builtins that they fall back on. A collection
// in these tests only adds kMoved to each reference that the stack map names. All other live values have to stay equal.
#include <gtest/gtest.h>

#include "compiler/x64/testing/execution.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using abi::Builtin;
using abi::ObjectKind;
using ir::Opcode;

constexpr uint32_t kMoved = 4096;  // the number of bytes by which a collection seems to move each object

// The stack map that collect() uses, and what collect() and remember() record for a test.
struct World {
  // The stack map of the only safepoint: the references' distances in bytes from the stack pointer.
  std::vector<int32_t> offsets;
  uint32_t calls = 0;                          // the number of calls of collect() and remember() together
  uint32_t object = 0, offset = 0, index = 0;  // the arguments of the latest call of remember()
};
World* world = nullptr;

// The builtin gc_new: it changes the references that the stack map names, and returns 640 as the reference to a new
// object.
uint32_t collect(abi::VMContext* context, uint32_t, uint32_t) {
  ++world->calls;
  for (const int32_t offset : world->offsets) {
    uint32_t reference = 0;
    std::byte* const at = const_cast<std::byte*>(context->store->exit_frame) + offset;
    std::memcpy(&reference, at, 4);
    reference += kMoved;
    std::memcpy(at, &reference, 4);
  }
  return 640;
}
// The builtin gc_barrier.
void remember(abi::VMContext*, uint32_t object, uint32_t offset, uint32_t index) {
  ++world->calls;
  world->object = object, world->offset = offset, world->index = index;
}

// The test's parameter is the number of registers of each class that the allocator may use; 0 means all.
class X64Managed : public ::testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    world = &world_;
    compiler::Options options;
    options.cpu = host_features();
    options.register_limit = GetParam();
    target_ = std::make_unique<X64Target>(options);
    machine_ = std::make_unique<Machine>(options);
    builtins_.resize(size_t{2} * abi::kBuiltinCount);
    machine_->vmctx()->builtins = builtins_.data();
    stub(Builtin::gc_new, reinterpret_cast<const void*>(&collect));
    stub(Builtin::gc_barrier, reinterpret_cast<const void*>(&remember));
  }
  // Makes the code call `function` as the builtin, through a stub.
  void stub(Builtin builtin, const void* function) {
    const auto number = static_cast<size_t>(builtin);
    builtins_[number] = machine_->address(machine_->add_stub(builtin));
    builtins_[abi::kBuiltinCount + number] = function;
  }
  Outcome run(FunctionBuilder& f, const std::vector<Slot>& arguments) {
    // The code is compiled a second time to get its stack map.
    Arena arena(size_t{1} << 24);
    codegen::MachineFunction machine(arena);
    EXPECT_TRUE(target_->lower(f.function, machine).has_value());
    auto allocation = codegen::allocate_registers(machine, target_->register_file(), {GetParam()});
    EXPECT_TRUE(allocation.has_value());
    codegen::CodeBuffer code(arena);
    EXPECT_TRUE(target_->emit(machine, *allocation, code).has_value());
    EXPECT_EQ(code.calls.size(), 1U);
    const auto offsets =
        code.stack_offsets.as_span().subspan(code.calls[0].first_reference, code.calls[0].reference_count);
    world_.offsets.assign(offsets.begin(), offsets.end());

    machine_->add(f.function);
    const size_t entry = machine_->add_entry(f.function.signature);
    machine_->link();
    return machine_->run(entry, 0, arguments, f.function.signature.results.size());
  }
  // Adds an allocation of an object of type 3. `base` is the address of the heap, and `size` the object's size in
  // bytes. `length` is the number of elements of an array.
  static Value make(FunctionBuilder& f, Value base, ObjectKind kind, uint64_t size, Value length = Value::none()) {
    ir::MemoryAccess access;
    access.alias = ir::AliasClass::heap_layout;
    access.index = 3;
    access.offset = size;
    return f.access(Opcode::gc_new, Type::gcref, {base, length}, access, 0, static_cast<int64_t>(kind));
  }
  uint64_t base() const { return reinterpret_cast<uint64_t>(machine_->memory()); }
  template <class T>
  T read(uint64_t offset) const {
    T value;
    std::memcpy(&value, machine_->memory() + offset, sizeof value);
    return value;
  }

  World world_;
  std::unique_ptr<X64Target> target_;
  std::unique_ptr<Machine> machine_;
  std::vector<const void*> builtins_;
};

TEST_P(X64Managed, ObjectsAreMadeAtTheTop) {
  std::memset(machine_->memory(), 0xee, 256);
  machine_->store().allocation = {64, 256};  // the top and the limit, in bytes from the heap's start
  Arena arena(size_t{1} << 24);
  FunctionBuilder f(arena, {Type::i64}, {Type::gcref});
  f.ret({make(f, f.param(0), ObjectKind::structure, 24)});
  const Outcome outcome = run(f, {Slot::of(base())});
  EXPECT_EQ(outcome.results[0].as<uint32_t>(), 64U);
  EXPECT_EQ(machine_->store().allocation.top, 88U);
  EXPECT_EQ(read<uint64_t>(64), 1003U);  // Machine gives type 3 this canonical id
  EXPECT_EQ(read<uint8_t>(72), 0xee);
  EXPECT_EQ(world_.calls, 0U);
}

TEST_P(X64Managed, ArraysAreMadeOfZeros) {
  for (const uint32_t length : {0, 1, 2, 5, 9, 14}) {
    std::memset(machine_->memory(), 0xee, 256);
    machine_->store().allocation = {64, 256};
    Arena arena(size_t{1} << 24);
    FunctionBuilder f(arena, {Type::i64}, {Type::gcref});
    const uint32_t size = (12 + 4 * length + 7) & ~7U;
    f.ret({make(f, f.param(0), ObjectKind::array, size, f.constant(Type::i32, length))});
    const Outcome outcome = run(f, {Slot::of(base())});
    machine_->unlink();
    EXPECT_EQ(outcome.results[0].as<uint32_t>(), 64U);
    EXPECT_EQ(read<uint64_t>(64), 1003U | uint64_t{1} << 40);  // byte 5 is the kind, an array
    EXPECT_EQ(read<uint32_t>(72), length);
    for (uint32_t at = 76; at < 64 + size; ++at) EXPECT_EQ(read<uint8_t>(at), 0) << length << " " << at;
    EXPECT_EQ(read<uint8_t>(64 + size), 0xee);
  }
}

TEST_P(X64Managed, AFullNurseryIsTheRuntimesConcern) {
  machine_->store().allocation = {64, 72};  // 8 bytes are left, and the object needs 16
  Arena arena(size_t{1} << 24);
  std::vector<Type> params = {Type::i64}, results;
  std::vector<Slot> arguments = {Slot::of(base())};
  for (uint32_t i = 0; i < 8; ++i) {
    for (const Type type : {Type::gcref, Type::i64, Type::f64}) {
      params.push_back(type);
      results.push_back(type);
    }
    arguments.push_back(Slot::of(uint64_t{8} * (i + 1)));
    arguments.push_back(Slot::of(uint64_t{0x1'0000'0000} * (i + 1)));
    arguments.push_back(Slot::of(1.5 * (i + 1)));
  }
  results.push_back(Type::gcref);
  FunctionBuilder f(arena, params, results);
  const Value made = make(f, f.param(0), ObjectKind::structure, 16);
  std::vector<Value> returned(f.values.begin() + 1, f.values.end());
  returned.push_back(made);
  f.ret(returned);
  const Outcome outcome = run(f, arguments);
  EXPECT_EQ(world_.calls, 1U);
  for (uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(outcome.results[3 * i].as<uint32_t>(), 8 * (i + 1) + kMoved);
    EXPECT_EQ(outcome.results[3 * i + 1].as<uint64_t>(), uint64_t{0x1'0000'0000} * (i + 1));
    EXPECT_EQ(outcome.results[3 * i + 2].as<double>(), 1.5 * (i + 1));
  }
  EXPECT_EQ(outcome.results[24].as<uint32_t>(), 640U);
  EXPECT_EQ(machine_->store().allocation.top, 64U);
}

TEST_P(X64Managed, FlaggedObjectsAreReported) {
  Arena arena(size_t{1} << 24);
  FunctionBuilder f(arena, {Type::i64, Type::gcref, Type::i32, Type::i64}, {Type::i64});
  ir::MemoryAccess access;
  access.alias = ir::AliasClass::runtime;
  access.offset = 12;
  f.access(Opcode::gc_barrier, Type::none, {f.param(0), f.param(1), f.param(2)}, access);
  f.ret({f.param(3)});
  machine_->memory()[64 + 4] = std::byte{0xfe};  // all flags except kBarrierFlag
  std::vector<Slot> arguments = {Slot::of(base()), Slot::of(uint64_t{64}), Slot::of(uint32_t{7}),
                                 Slot::of(uint64_t{99})};
  const Outcome unflagged = run(f, arguments);
  EXPECT_EQ(unflagged.results[0].as<uint64_t>(), 99U);
  EXPECT_EQ(world_.calls, 0U);
  machine_->unlink();
  machine_->memory()[64 + 4] = std::byte{0xff};
  const Outcome flagged = run(f, arguments);
  EXPECT_EQ(flagged.results[0].as<uint64_t>(), 99U);
  EXPECT_EQ(world_.calls, 1U);
  EXPECT_EQ(world_.object, 64U);
  EXPECT_EQ(world_.offset, 12U);
  EXPECT_EQ(world_.index, 7U);
}

INSTANTIATE_TEST_SUITE_P(Registers, X64Managed, ::testing::Values(0U, 6U));

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
