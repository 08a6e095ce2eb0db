#include "runtime/code/code_registry.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/system_account.hpp"
#include "runtime/code/code_image.hpp"

namespace cairn::runtime {

namespace {

void insert(TryVector<const CodeImage*>& images, const CodeImage& image) {
  const auto position = std::ranges::lower_bound(images, image.begin(), {}, &CodeImage::begin);
  const bool inserted = images.try_insert_at(static_cast<size_t>(position - images.begin()), &image);
  CAIRN_ASSERT(inserted);  // the caller has reserved room
}

void erase(TryVector<const CodeImage*>& images, const CodeImage& image) {
  images.erase_at(static_cast<size_t>(std::ranges::find(images, &image) - images.begin()));
}

}  // namespace

// Makes the spare table the current one, and waits until no thread reads the old table, which is the spare one then.
void CodeRegistry::publish() {
  const uint32_t old = current_.load(std::memory_order_relaxed);
  current_.store(1 - old, std::memory_order_seq_cst);
  while (tables_[old].readers.load(std::memory_order_seq_cst) != 0) {
  }
}

bool CodeRegistry::try_add(const CodeImage& image) {
  const SystemAccountScope account;
  return writing_.with([&](Writing&) {
    if (!spare().images.try_reserve_more(1)) return false;
    insert(spare().images, image);
    publish();
    if (!spare().images.try_reserve_more(1)) {
      // The table with the new image is current. publish() makes it the spare table again.
      publish();
      erase(spare().images, image);
      return false;
    }
    insert(spare().images, image);
    return true;
  });
}

void CodeRegistry::remove(const CodeImage& image) {
  writing_.with([&](Writing&) {
    erase(spare().images, image);
    publish();
    erase(spare().images, image);
  });
}

const CodeImage* CodeRegistry::find(uintptr_t pc) const {
  uint32_t which = 0;
  while (true) {
    which = current_.load(std::memory_order_seq_cst);
    tables_[which].readers.fetch_add(1, std::memory_order_seq_cst);
    if (current_.load(std::memory_order_seq_cst) == which) break;
    tables_[which].readers.fetch_sub(1, std::memory_order_seq_cst);
  }
  const TryVector<const CodeImage*>& images = tables_[which].images;
  const CodeImage* image = nullptr;
  const auto* const after = std::ranges::upper_bound(images, pc, {}, &CodeImage::begin);
  if (after != images.begin() && pc < (*(after - 1))->end()) image = *(after - 1);
  tables_[which].readers.fetch_sub(1, std::memory_order_seq_cst);
  return image;
}

}  // namespace cairn::runtime
