// HeapVerifier checks a whole heap before and after a collection. Every reachable reference must name the start of an
// object of a known type, in memory that is in use, and the object must overlap no other. Every reference from an old
// object to a young one must be known to the collector. A violation is a bug of the runtime or of compiled code, and
// ends the process.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/heap/nursery.hpp"
#include "runtime/heap/object.hpp"
#include "runtime/heap/old_space.hpp"
#include "runtime/heap/remembered_set.hpp"

namespace cairn::runtime {

class HeapVerifier {
 public:
  // If `all_marked` is true, every reachable old object must be marked.
  HeapVerifier(const ObjectSpace& objects, OldSpace& old, const Nursery& nursery, const RememberedSet& remembered,
               bool all_marked);

  // The caller first calls visit_root() for every root, and then run(), which checks all other reachable objects.
  void visit_root(abi::HeapReference reference) { reach(reference); }
  void run();

  // These functions overwrite free memory, so that using it makes a test fail.
  static void poison_nursery(const ObjectSpace& objects, const Nursery& nursery);
  static void poison_free(const ObjectSpace& objects, OldSpace& old);

 private:
  void reach(abi::HeapReference reference);
  void check_old(abi::HeapReference object, uint64_t size);
  void check_remembered(abi::HeapReference object, abi::HeapReference& slot);
  [[nodiscard]] bool is_young(abi::HeapReference reference) const;

  const ObjectSpace& objects_;
  OldSpace& old_;
  const Nursery& nursery_;
  const RememberedSet& remembered_;
  bool all_marked_;
  std::vector<bool> starts_, taken_;  // by reference / 8: where reached objects start, and the granules that they cover
  std::vector<uint64_t> entries_;     // entries of the remembered set, sorted; a card is (number << 32) | array
  std::vector<abi::HeapReference> to_scan_;
};

}  // namespace cairn::runtime
