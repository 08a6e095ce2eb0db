// Tests random operations on a graph of objects, and compares the graph with a simple model of it.
#include <map>
#include <random>
#include <unordered_map>

#include "testing/runtime/heap_fixture.hpp"

namespace cairn::runtime {
namespace {

// Each object has a number as its name. A node holds its name in a field, an array of references in its first element
// (as an i31), and an array of bytes in the value of each byte.
struct ModelObject {
  enum class Kind { node, references, bytes } kind;
  // The names of the objects that the object refers to; 0 for null. An array's first element is not included.
  std::vector<uint64_t> links;
  uint32_t length = 0;  // length of an array of bytes
};

class HeapModelTest : public HeapFixture {
 protected:
  static constexpr size_t kRoots = 40;

  uint64_t random(uint64_t below) { return std::uniform_int_distribution<uint64_t>(0, below - 1)(random_); }

  void run(HeapConfig config, unsigned seed, int operations) {
    make_heap(config);
    random_.seed(seed);
    model_.clear();
    names_.assign(kRoots, 0);
    CAIRN_ASSERT(heap_->roots().try_resize(kRoots, abi::kNullReference));
    for (int i = 0; i < operations; ++i) {
      operate();
      if (i % (operations / 20) == 0) check();
      if (HasFailure()) FAIL() << "seed " << seed << ", operation " << i;
    }
    heap_->collect_full();
    check();
    heap_->roots().clear();
    heap_->collect_full();
    EXPECT_EQ(heap_->statistics().live_bytes, 0U);
  }

  void operate() {
    const uint64_t choice = random(1000);
    if (choice < 500) return allocate();
    if (choice < 850) return connect();
    if (choice < 950) return drop();
    if (choice < 960) return heap_->collect_minor();
    if (choice < 962) return heap_->collect_full();
    if (choice < 970) return heap_->request_marking();
  }

  void allocate() {
    const uint64_t name = ++last_name_;
    ModelObject object{ModelObject::Kind::node, std::vector<uint64_t>(kLinks), 0};
    abi::HeapReference reference;
    const uint64_t kind = random(100);
    if (kind < 80) {
      reference = make_node(name);
    } else if (kind < 90) {
      object.kind = ModelObject::Kind::references;
      object.links.resize(random(10) == 0 ? 2000 + random(8000) : random(100));
      reference = heap_->allocate_array(references_, static_cast<uint32_t>(object.links.size()) + 1);
      store(reference, element_offset(0), static_cast<uint32_t>(name << 1) | 1);
    } else {
      object.kind = ModelObject::Kind::bytes;
      object.links.clear();
      object.length = static_cast<uint32_t>(random(10) == 0 ? random(60'000) : random(300));
      reference = heap_->allocate_array(bytes_, object.length);
      std::memset(&heap_->at<uint8_t>(reference + 12), static_cast<int>(name & 0xff), object.length);
    }
    ASSERT_NE(reference, abi::kNullReference);
    const size_t place = random(kRoots);
    root(place) = reference;
    names_[place] = name;
    model_[name] = std::move(object);
  }

  static uint32_t offset_of(const ModelObject& object, size_t link) {
    return object.kind == ModelObject::Kind::node ? kLinkOffset + 4 * static_cast<uint32_t>(link)
                                                  : element_offset(static_cast<uint32_t>(link) + 1);
  }

  // Returns the name and reference of an object that a random walk from a root reaches; 0 and null if the root is null.
  std::pair<uint64_t, abi::HeapReference> pick() {
    const size_t start = random(kRoots);
    std::pair<uint64_t, abi::HeapReference> at = {names_[start], root(start)};
    for (uint64_t steps = random(6); steps != 0 && at.first != 0; --steps) {
      const ModelObject& object = model_.at(at.first);
      if (object.links.empty()) break;
      const size_t link = random(object.links.size());
      if (object.links[link] == 0) break;
      at = {object.links[link], load(at.second, offset_of(object, link))};
    }
    return at;
  }

  void connect() {
    const auto [from_name, from] = pick();
    const auto [to_name, to] = pick();
    if (from_name == 0) return;
    ModelObject& object = model_.at(from_name);
    if (object.links.empty()) return;
    const size_t link = random(object.links.size());
    object.links[link] = to_name;
    store(from, offset_of(object, link), to);
  }

  void drop() {
    const size_t place = random(kRoots);
    root(place) = abi::kNullReference;
    names_[place] = 0;
  }

  // Walks through heap and model together, and checks that they are the same graph.
  void check() {
    std::unordered_map<uint64_t, abi::HeapReference> seen;
    std::vector<std::pair<uint64_t, abi::HeapReference>> left;
    const auto reach = [&](uint64_t name, abi::HeapReference reference) {
      if (name == 0) {
        ASSERT_EQ(reference, abi::kNullReference);
        return;
      }
      const auto [at, is_new] = seen.emplace(name, reference);
      ASSERT_EQ(at->second, reference);
      if (is_new) left.emplace_back(name, reference);
    };
    for (size_t i = 0; i < kRoots; ++i) reach(names_[i], root(i));
    while (!left.empty() && !HasFatalFailure()) {
      const auto [name, reference] = left.back();
      left.pop_back();
      const ModelObject& object = model_.at(name);
      switch (object.kind) {
        case ModelObject::Kind::node:
          ASSERT_EQ(heap_->at(reference).type_id, node_);
          ASSERT_EQ(id_of(reference), name);
          break;
        case ModelObject::Kind::references:
          ASSERT_EQ(heap_->at(reference).type_id, references_);
          ASSERT_EQ(heap_->at<abi::VMArray>(reference).length, object.links.size() + 1);
          ASSERT_EQ(load(reference, element_offset(0)), static_cast<uint32_t>(name << 1) | 1);
          break;
        case ModelObject::Kind::bytes:
          ASSERT_EQ(heap_->at(reference).type_id, bytes_);
          ASSERT_EQ(heap_->at<abi::VMArray>(reference).length, object.length);
          for (uint32_t i = 0; i < object.length; ++i) {
            ASSERT_EQ(heap_->at<uint8_t>(reference + 12 + i), static_cast<uint8_t>(name & 0xff));
          }
      }
      for (size_t i = 0; i < object.links.size(); ++i) reach(object.links[i], load(reference, offset_of(object, i)));
    }
    // An object that the model cannot reach will never be reachable again.
    std::erase_if(model_, [&](const auto& entry) { return !seen.contains(entry.first); });
  }

  std::mt19937_64 random_;
  std::map<uint64_t, ModelObject> model_;
  std::vector<uint64_t> names_;  // names of the objects that the roots refer to
  uint64_t last_name_ = 0;
};

TEST_F(HeapModelTest, RandomGraphs) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    run({.limit_bytes = uint64_t{256} << 20, .nursery_bytes = 256 * 1024, .verify = true}, seed, 20'000);
  }
}

TEST_F(HeapModelTest, ASmallHeapIsCollectedOften) {
  for (unsigned seed = 11; seed <= 16; ++seed) run({.limit_bytes = uint64_t{32} << 20, .verify = true}, seed, 20'000);
}

TEST_F(HeapModelTest, ListsThatOverflow) {
  for (unsigned seed = 21; seed <= 26; ++seed) {
    run({.limit_bytes = uint64_t{128} << 20,
         .nursery_bytes = 128 * 1024,
         .verify = true,
         .mark_list_entries = 4,
         .remembered_entries = 2},
        seed, 10'000);
  }
}

TEST_F(HeapModelTest, CollectingAtEveryAllocation) {
  run({.limit_bytes = uint64_t{64} << 20, .stress = true, .verify = true}, 31, 1'000);
}

}  // namespace
}  // namespace cairn::runtime
