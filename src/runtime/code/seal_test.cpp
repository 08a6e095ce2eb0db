// Tests that seal_code returns false when the system cannot split a mapping in two, which sealing needs.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {
namespace {

using platform::Platform;
constexpr size_t kPageSize = Platform::kPageSize;

// Uses up the mappings that the process may have, by single pages whose rights differ from those of their neighbours.
class AllMappings {
 public:
  static constexpr size_t kMost = 1'000'000;
  AllMappings() {
    pages_.reserve(kMost);
    for (unsigned i = 0; i < kMost; ++i) {
      void* page = mmap(nullptr, kPageSize, i % 2 == 0 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (page == MAP_FAILED) return;
      pages_.push_back(page);
    }
  }
  ~AllMappings() {
    for (void* page : pages_) munmap(page, kPageSize);
  }
  [[nodiscard]] size_t count() const { return pages_.size(); }

 private:
  std::vector<void*> pages_;
};

TEST(SealCode, AnswersWhenThereIsNoMemory) {
  auto code = Platform::allocate_code(4 * kPageSize);
  ASSERT_TRUE(code);
  {
    const AllMappings mappings;
    if (mappings.count() == AllMappings::kMost) GTEST_SKIP() << "this system has no limit on mappings";
    EXPECT_FALSE(Platform::seal_code(*code, kPageSize));
  }
  EXPECT_TRUE(Platform::seal_code(*code, kPageSize));
  Platform::release_code(*code);
}

}  // namespace
}  // namespace cairn::runtime
