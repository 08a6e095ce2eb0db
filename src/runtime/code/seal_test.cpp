// Sealing code splits a mapping in two, which a system may have no memory for: that is an answer, not an assertion.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {
namespace {

using platform::Platform;
constexpr size_t kPageSize = Platform::kPageSize;

// Maps single pages whose rights differ from their neighbours' until the process may have no more mappings.
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
