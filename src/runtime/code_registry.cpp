#include "runtime/code_registry.hpp"

#include <algorithm>

#include "runtime/code_image.hpp"

namespace cairn::runtime {

void CodeRegistry::publish(std::unique_ptr<Table> table, std::vector<std::unique_ptr<Table>>& tables) {
  tables.push_back(std::move(table));
  current_.store(tables.back().get(), std::memory_order_seq_cst);
  // Who comes from here on finds the new table, so without readers the old ones are nobody's.
  if (readers_.load(std::memory_order_seq_cst) == 0) tables.erase(tables.begin(), tables.end() - 1);
}

size_t CodeRegistry::tables() {
  return tables_.with([](auto& tables) { return tables.size(); });
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
  readers_.fetch_add(1, std::memory_order_seq_cst);
  const CodeImage* image = nullptr;
  if (const Table* table = current_.load(std::memory_order_seq_cst)) {
    const auto after = std::ranges::upper_bound(*table, pc, {}, &CodeImage::begin);
    if (after != table->begin() && pc < (*(after - 1))->end()) image = *(after - 1);
  }
  readers_.fetch_sub(1, std::memory_order_seq_cst);
  return image;
}

}  // namespace cairn::runtime
