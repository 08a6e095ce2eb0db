// Implements the part of Heap that decides when and how to collect.
#include <algorithm>
#include <bit>

#include "base/assert.hpp"
#include "platform/platform.hpp"
#include "runtime/heap/heap.hpp"
#include "runtime/heap/verifier.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

// The largest number of bytes that a step of marking scans. A step takes about half a millisecond.
constexpr uint64_t kStepBytes = 256 * 1024;
// The number of bytes that marking scans for each allocated byte. So the old generation grows by at most half during a
// marking.
constexpr uint64_t kMarkedPerAllocated = 2;
// The number of bytes of the heap whose mark bits are cleared in a step.
constexpr uint64_t kClearBytes = uint64_t{64} << 20;
// The old generation is marked when it has doubled since the last marking and has grown by at least this number of
// bytes. It is marked earlier if it has taken half of the room that was left after the last marking.
constexpr uint64_t kLeastGrowth = uint64_t{16} << 20;
// The largest number of blocks that a step gives back to the machine.
constexpr uint64_t kReleaseBlocks = 64;
// When this many bytes of large objects have been allocated during a marking, a minor collection runs, so that the
// marking can end.
constexpr uint64_t kLargePerMinor = uint64_t{16} << 20;

}  // namespace

// Adds the time from its construction to its destruction to the statistics of pauses.
class Heap::Pause {
 public:
  explicit Pause(Heap& heap) : heap_(heap), start_(Platform::nanoseconds()) {}
  ~Pause() { heap_.statistics_.pauses.add(Platform::nanoseconds() - start_); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  Heap& heap_;
  uint64_t start_;
};

// Calls visit(HeapReference&) for the chosen roots: the handles of the host, and the roots of source_.
template <class Visit>
void Heap::visit_roots(RootChoice choice, Visit&& visit) {
  auto count_and_visit = [&](abi::HeapReference& slot) {
    ++statistics_.roots_visited;
    visit(slot);
  };
  if (choice != RootChoice::unchanged) {
    for (abi::HeapReference& root : roots_) count_and_visit(root);
  }
  source_.visit(source_.data, choice, RootVisitor(count_and_visit));
}

// Visits the references in the remembered objects and cards. Because the remembered set is cleared afterwards, sets the
// objects' barrier flags and clears the cards' bits, so that later stores are remembered again.
template <IsMarking marking>
void Heap::scan_remembered() {
  const auto visit = [this](abi::HeapReference& slot) { scavenger_.visit<marking>(slot); };
  remembered_.for_each(
      objects_.base,
      [&](abi::HeapReference object) {
        at(object).flags = abi::kBarrierFlag;
        objects_.for_each_reference(object, visit);
      },
      [&](abi::HeapReference array, uint64_t card) {
        old_.cards().reset(card * kCardBytes);
        const ArrayCards cards(objects_, array);
        for (uint64_t at = cards.begin_of(card); at < cards.end_of(card); at += sizeof(abi::HeapReference)) {
          // Only references to young objects matter here. If marking is under way, the barrier grayed old objects when
          // references to them were stored.
          auto& element = objects_.at<abi::HeapReference>(static_cast<abi::HeapReference>(at));
          if (scavenger_.is_young(element)) visit(element);
        }
      });
}

// Promotes the young objects that the roots and the remembered objects refer to, and all young objects that can be
// reached from those.
template <IsMarking marking>
void Heap::scavenge(RootChoice choice) {
  visit_roots(choice, [this](abi::HeapReference& slot) { scavenger_.visit<marking>(slot); });
  scan_remembered<marking>();
  scavenger_.drain<marking>();
}

// Called when all live objects of the nursery have been promoted. Empties the nursery and the remembered set.
void Heap::end_minor() {
  const uint64_t promoted = scavenger_.take_promoted_bytes();
  ++statistics_.minor_collections;
  statistics_.allocated_bytes = allocated_bytes();
  statistics_.promoted_bytes += promoted;
  large_since_minor_ = 0;
  remembered_.clear();
  if (config_.verify) HeapVerifier::poison_nursery(objects_, nursery_);
  nursery_.reset(promoted);
}

void Heap::collect_minor() {
  if (!remembered_.is_complete()) return collect_full();
  if (config_.verify) verify();
  bool is_finished = false;
  {
    const Pause pause(*this);
    if (is_marking()) {
      scavenge<IsMarking::yes>(roots_are_marked_ ? RootChoice::changed : RootChoice::all);
      roots_are_marked_ = true;
      end_minor();
      // All roots have been visited at this point. So if no gray object is left to scan, every object that the guest
      // can reach is marked, and marking is complete.
      is_finished = marker_.step(kStepBytes);
      if (is_finished) finish_marking();
    } else {
      scavenge<IsMarking::no>(RootChoice::changed);
      end_minor();
      if (phase_ == Phase::idle && old_.used_bytes() >= mark_at_bytes_) begin_marking();
    }
  }
  if (config_.verify) verify(is_finished);
}

void Heap::collect_full() {
  if (config_.verify) verify();
  {
    const Pause pause(*this);
    old_.forget_marks();
    marker_.clear();
    if (remembered_.is_complete()) {
      scavenge<IsMarking::no>(RootChoice::changed);
      start_marking();
      visit_roots(RootChoice::all, [this](abi::HeapReference& slot) { marker_.gray(slot); });
      marker_.step(~uint64_t{0});
    } else {
      // Any old object may refer to young objects, so young objects are promoted while the old objects are marked.
      start_marking();
      scavenge<IsMarking::yes>(RootChoice::all);
      marker_.step(~uint64_t{0}, [this](abi::HeapReference& slot) {
        scavenger_.visit<IsMarking::yes>(slot);
        scavenger_.drain<IsMarking::yes>();
      });
    }
    end_minor();
    finish_marking();
    ++statistics_.full_collections;
  }
  if (config_.verify) verify(true);
}

HeapStatistics Heap::statistics() const {
  HeapStatistics result = statistics_;
  result.allocated_bytes = allocated_bytes();
  return result;
}

// Collects the nursery in one call and the whole heap in the next.
void Heap::collect_in_stress() {
  stress_is_full_ = !stress_is_full_;
  if (stress_is_full_) return collect_full();
  collect_minor();
}

void Heap::request_marking() {
  if (phase_ == Phase::idle) begin_marking();
}

// Begins a marking. Its first phase clears the mark bits in steps.
void Heap::begin_marking() {
  phase_ = Phase::clearing;
  clear_cursor_ = old_.begin();
}

// Clears the mark bits of the next `bytes` bytes of the old generation. When all mark bits are clear, the phase of
// marking begins.
void Heap::clear_marks(uint64_t bytes) {
  const uint64_t end = std::min(old_.end(), clear_cursor_ + bytes);
  if (end > clear_cursor_) old_.marks().clear(clear_cursor_, end);
  clear_cursor_ = end;
  if (end < old_.end()) return;
  old_.start_marking();
  phase_ = Phase::marking;
  roots_are_marked_ = false;
}

// Begins a marking and clears all mark bits at once.
void Heap::start_marking() {
  begin_marking();
  clear_marks(old_.end());
}

// Frees the objects that the marking has not reached, and decides when the next marking is due.
void Heap::finish_marking() {
  old_.finish_marking();
  marker_.clear();
  phase_ = Phase::idle;
  const uint64_t used = old_.used_bytes();
  const uint64_t growth = std::min(std::max(used, kLeastGrowth), (reservation_.size() - old_.begin() - used) / 2);
  mark_at_bytes_ = used + growth;
  ++statistics_.major_collections;
  statistics_.live_bytes = used;
}

// Does the collector's share of work when `allocated` bytes are about to be allocated.
void Heap::advance(uint64_t allocated) {
  if (phase_ == Phase::idle) {
    // If no marking is due, some free blocks beyond `keep` are given back to the machine. `keep` blocks stay, because
    // the old generation grows before the next marking is due, and then a minor collection may promote a whole nursery.
    if (old_.used_bytes() >= mark_at_bytes_) {
      begin_marking();
    } else if (const uint64_t keep =
                   (mark_at_bytes_ - old_.used_bytes()) / kBlockBytes + OldSpace::blocks_for(nursery_.size());
               old_.free_blocks() > keep + kReleaseBlocks) {
      const Pause pause(*this);
      old_.release_free(keep, kReleaseBlocks);
    }
    return;
  }
  if (is_marking() && large_since_minor_ > kLargePerMinor) return collect_minor();
  const Pause pause(*this);
  if (phase_ == Phase::clearing) return clear_marks(kClearBytes);
  marker_.step(std::min(kStepBytes, allocated * kMarkedPerAllocated));
}

void Heap::verify(bool all_marked) {
  HeapVerifier verifier(objects_, old_, nursery_, remembered_, all_marked);
  visit_roots(RootChoice::unchanged, [&](abi::HeapReference& slot) { CAIRN_ASSERT(!scavenger_.is_young(slot)); });
  visit_roots(RootChoice::only_look, [&](abi::HeapReference& slot) { verifier.visit_root(slot); });
  verifier.run();
  if (all_marked) HeapVerifier::poison_free(objects_, old_);
}

}  // namespace cairn::runtime
