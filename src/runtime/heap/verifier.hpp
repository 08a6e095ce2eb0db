// Checks a whole heap, between collections: every reference that can be reached names the start of an object of a known
// type that overlaps no other, lies where something is in use, and is known to the collector where it leads from an old
// object to a young one. A finding is a bug of ours or of compiled code, and ends the process.
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
  // all_marked: everything reachable must be.
  HeapVerifier(const ObjectSpace& objects, OldSpace& old, const Nursery& nursery, const RememberedSet& remembered,
               bool all_marked);

  // Every root, then the rest.
  void visit_root(abi::HeapReference reference) { reach(reference); }
  void run();

  // Overwrites what is free, so that a use of it is seen.
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
  std::vector<bool> starts_, taken_;  // by reference / 8: objects that were reached, and what they cover
  std::vector<uint64_t> entries_;     // remembered, sorted
  std::vector<abi::HeapReference> to_scan_;
};

}  // namespace cairn::runtime
