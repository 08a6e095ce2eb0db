// The fixture of tests that work on a heap without a store.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "abi/field_layout.hpp"
#include "runtime/heap/heap.hpp"
#include "runtime/type_registry.hpp"

namespace cairn::runtime {

// A heap that verifies itself, and a few types: a node { i64 id; three references }, arrays of references and of bytes,
// a struct of references that is too large for the nursery, and an empty struct.
class HeapFixture : public testing::Test {
 protected:
  // Offsets of a node's fields in bytes, and its number of references.
  static constexpr uint32_t kIdOffset = 8, kLinkOffset = 16, kLinks = 3;
  static constexpr uint32_t kLargeFields = 3000;  // the number of fields of the large struct

  void SetUp() override {
    using wasm::FieldType, wasm::HeapType, wasm::Nullability, wasm::SubType, wasm::ValType;
    const FieldType reference{.type = ValType::reference(Nullability::nullable, HeapType::any)};
    const auto add = [&](SubType::Kind kind, std::vector<FieldType> fields) {
      SubType type;
      type.kind = kind;
      type.fields = std::move(fields);
      type.group_end = 1;
      return registry_.canonicalize(std::span(&type, 1))->front().index();
    };
    node_ = add(SubType::Kind::struct_, {{.type = ValType::i64}, reference, reference, reference});
    references_ = add(SubType::Kind::array, {reference});
    bytes_ = add(SubType::Kind::array, {{.type = ValType::i32, .packing = FieldType::Packing::i8}});
    large_ = add(SubType::Kind::struct_, std::vector<FieldType>(kLargeFields, reference));
    empty_ = add(SubType::Kind::struct_, {});
  }

  // Makes the heap. A heap from before is destroyed.
  void make_heap(HeapConfig config) {
    heap_.reset();
    auto heap = Heap::create(config, registry_.table(), allocation_);
    ASSERT_TRUE(heap) << heap.error().to_string();
    heap_ = std::move(*heap);
  }
  void make_heap(uint64_t limit_bytes = uint64_t{64} << 20) { make_heap({.limit_bytes = limit_bytes, .verify = true}); }

  // make_node() and store() write fields as compiled code does: the first values of a new struct's fields need no
  // barrier, later ones do.
  abi::HeapReference make_node(uint64_t id) {
    const abi::HeapReference node = heap_->allocate(node_);
    if (node == abi::kNullReference) return node;
    heap_->at<uint64_t>(node + kIdOffset) = id;
    for (uint32_t i = 0; i < kLinks; ++i)
      heap_->at<abi::HeapReference>(node + kLinkOffset + 4 * i) = abi::kNullReference;
    return node;
  }
  void store(abi::HeapReference object, uint32_t offset, abi::HeapReference value) {
    heap_->at<abi::HeapReference>(object + offset) = value;
    if (is_object(value) && (heap_->at(object).flags & abi::kBarrierFlag) != 0) heap_->remember(object, offset);
  }
  [[nodiscard]] abi::HeapReference load(abi::HeapReference object, uint32_t offset) const {
    return heap_->at<abi::HeapReference>(object + offset);
  }
  void set_link(abi::HeapReference node, uint32_t link, abi::HeapReference value) {
    store(node, kLinkOffset + 4 * link, value);
  }
  [[nodiscard]] abi::HeapReference link(abi::HeapReference node, uint32_t link) const {
    return load(node, kLinkOffset + 4 * link);
  }
  [[nodiscard]] uint64_t id_of(abi::HeapReference node) const { return heap_->at<uint64_t>(node + kIdOffset); }
  // The offset of an element in an array of references.
  static uint32_t element_offset(uint32_t index) { return abi::array_data_offset(4) + 4 * index; }

  // Adds a root and returns its position.
  size_t add_root(abi::HeapReference value) {
    CAIRN_ASSERT(heap_->roots().try_push_back(value));
    return heap_->roots().size() - 1;
  }
  abi::HeapReference& root(size_t position) { return heap_->roots()[position]; }

  TypeRegistry registry_;
  abi::VMAllocation allocation_;
  std::unique_ptr<Heap> heap_;
  uint32_t node_ = 0, references_ = 0, bytes_ = 0, large_ = 0, empty_ = 0;
};

}  // namespace cairn::runtime
