#include "runtime/code_registry.hpp"

#include <algorithm>

#include "runtime/code_image.hpp"

namespace cairn::runtime {

void CodeRegistry::publish(std::unique_ptr<Table> table, std::vector<std::unique_ptr<Table>>& tables) {
  tables.push_back(std::move(table));
  current_.store(tables.back().get(), std::memory_order_release);
}

void CodeRegistry::add(const CodeImage& image) {
  tables_.with([&](auto& tables) {
    auto table = tables.empty() ? std::make_unique<Table>() : std::make_unique<Table>(*tables.back());
    auto position = std::ranges::lower_bound(*table, image.begin(), {}, &CodeImage::begin);
    table->insert(position, &image);
    publish(std::move(table), tables);
  });
}

void CodeRegistry::remove(const CodeImage& image) {
  tables_.with([&](auto& tables) {
    auto table = std::make_unique<Table>(*tables.back());
    std::erase(*table, &image);
    publish(std::move(table), tables);
  });
}

const CodeImage* CodeRegistry::find(uintptr_t pc) const {
  const Table* table = current_.load(std::memory_order_acquire);
  if (table == nullptr) return nullptr;
  auto after = std::ranges::upper_bound(*table, pc, {}, &CodeImage::begin);
  if (after == table->begin()) return nullptr;
  const CodeImage* image = *(after - 1);
  return pc < image->end() ? image : nullptr;
}

}  // namespace cairn::runtime
