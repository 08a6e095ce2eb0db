#include "kernel/memory/range_pool.hpp"

#include <memory>

#include "base/assert.hpp"

namespace cairn::kernel {

void RangePool::link(Page* page) {
  page->previous = nullptr;
  page->next = partial_;
  if (page->next != nullptr) page->next->previous = page;
  partial_ = page;
}

void RangePool::unlink(Page* page) {
  (page->previous != nullptr ? page->previous->next : partial_) = page->next;
  if (page->next != nullptr) page->next->previous = page->previous;
}

bool RangePool::ensure(uint64_t count) {
  while (free_ < aside_ + count) {
    if (source_.must_fail(Claim::fallible)) return false;
    const auto frame = source_.allocate_contiguous(1, Claim::fallible);
    if (!frame) return false;
    add(*frame);
  }
  return true;
}

void RangePool::add(PhysAddr frame) {
  auto* page = std::construct_at(map_.at<Page>(frame), nullptr, nullptr, nullptr, uint64_t{0});
  auto* nodes = reinterpret_cast<RangeNode*>(page + 1);
  for (uint64_t i = kNodes; i-- != 0;) {
    std::construct_at(&nodes[i]);
    nodes[i].right = page->free;
    page->free = &nodes[i];
  }
  link(page);
  free_ += kNodes;
  ++frames_;
}

RangeNode* RangePool::take() {
  CAIRN_ASSERT(partial_ != nullptr);
  Page* page = partial_;
  RangeNode* node = page->free;
  page->free = node->right;
  ++page->used;
  --free_;
  if (page->free == nullptr) unlink(page);
  return std::construct_at(node);
}

void RangePool::give(RangeNode* node) {
  Page* page = page_of(node);
  if (page->free == nullptr) link(page);
  node->right = page->free;
  page->free = node;
  --page->used;
  ++free_;
  if (page->used != 0 || free_ - kNodes < aside_) return;
  unlink(page);
  free_ -= kNodes;
  --frames_;
  source_.free_contiguous(map_.physical(page), 1);
}

}  // namespace cairn::kernel
