#include "wasi/interface/path.hpp"

#include <gtest/gtest.h>

#include "wasi/fake_system.hpp"
#include "wasi/memory_files/memory_file_system.hpp"

namespace cairn::wasi {
namespace {

class Path : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_->add_directory("a"));
    ASSERT_TRUE(files_->add_directory("a/b"));
    ASSERT_TRUE(files_->add_file("a/b/file", {}));
    ASSERT_TRUE(files_->add_link("a/up", ".."));
    ASSERT_TRUE(files_->add_link("a/self", "self"));
    ASSERT_TRUE(files_->add_link("a/escape", "../../etc/passwd"));
    ASSERT_TRUE(files_->add_link("a/absolute", "/etc/passwd"));
    ASSERT_TRUE(files_->add_link("a/to_file", "b/file"));
    ASSERT_TRUE(files_->add_link("a/dangling", "b/missing"));
    root_ = *files_->root();
  }
  // Returns the resolved name, with a slash if it must be a directory, or "errno" and the error's number.
  std::string walk(std::string_view path, LastLink last = LastLink::follow) {
    auto place = resolve_path(*root_, path, last);
    if (!place) return "errno " + std::to_string(static_cast<int>(place.error()));
    return std::string(place->name.view()) + (place->must_be_directory ? "/" : "");
  }
  static std::string error(Errno e) { return "errno " + std::to_string(static_cast<int>(e)); }

  FakeSystem system_;
  std::unique_ptr<MemoryFileSystem> files_ = *MemoryFileSystem::create(system_, 1 << 20);
  std::unique_ptr<Directory> root_;
};

TEST_F(Path, FindsNames) {
  EXPECT_EQ(walk("a/b/file"), "file");
  EXPECT_EQ(walk("./a//b/./file"), "file");
  EXPECT_EQ(walk("a/b/../b/file"), "file");
  EXPECT_EQ(walk("a/b/new"), "new");
  EXPECT_EQ(walk("a/b/"), "b/");
  EXPECT_EQ(walk("."), "/");
  EXPECT_EQ(walk("a/b/.."), "/");
}

TEST_F(Path, StaysInside) {
  EXPECT_EQ(walk(".."), error(Errno::notcapable));
  EXPECT_EQ(walk("a/../.."), error(Errno::notcapable));
  EXPECT_EQ(walk("/a"), error(Errno::notcapable));
  EXPECT_EQ(walk("a/escape"), error(Errno::notcapable));
  EXPECT_EQ(walk("a/absolute"), error(Errno::notcapable));
  EXPECT_EQ(walk("a/up/.."), error(Errno::notcapable));
  EXPECT_EQ(walk("a/absolute/x"), error(Errno::notcapable));
}

TEST_F(Path, FollowsLinks) {
  EXPECT_EQ(walk("a/up/a/b/file"), "file");
  EXPECT_EQ(walk("a/to_file"), "file");
  EXPECT_EQ(walk("a/to_file", LastLink::keep), "to_file");
  EXPECT_EQ(walk("a/dangling"), "missing");
  EXPECT_EQ(walk("a/self"), error(Errno::loop));
  EXPECT_EQ(walk("a/self", LastLink::keep), "self");
}

TEST_F(Path, RefusesWhatIsNoPath) {
  EXPECT_EQ(walk(""), error(Errno::noent));
  EXPECT_EQ(walk(std::string_view("a\0b", 3)), error(Errno::ilseq));
  EXPECT_EQ(walk(std::string(5000, 'x')), error(Errno::nametoolong));
  EXPECT_EQ(walk("a/b/file/x"), error(Errno::notdir));
  EXPECT_EQ(walk("missing/x"), error(Errno::noent));
}

}  // namespace
}  // namespace cairn::wasi
