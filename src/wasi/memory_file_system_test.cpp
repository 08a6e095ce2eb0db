#include "wasi/memory_file_system.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "wasi/fake_system.hpp"

namespace cairn::wasi {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string contents(File& file) {
  std::string text(file.stat()->size, '\0');
  EXPECT_EQ(*file.read(0, std::as_writable_bytes(std::span(text))), text.size());
  return text;
}

class MemoryFiles : public testing::Test {
 protected:
  FakeSystem system_;
  MemoryFileSystem files_{system_, 64 * 1024};
  std::unique_ptr<Directory> root_ = files_.root();
};

constexpr OpenOptions kCreate{.create = true, .exclusive = false, .truncate = false, .read = true, .write = true};

TEST_F(MemoryFiles, WritesAndReadsBack) {
  auto file = root_->open_file("f", kCreate);
  ASSERT_TRUE(file);
  EXPECT_EQ(*(*file)->write(0, bytes_of("hello")), 5u);
  EXPECT_EQ(*(*file)->write(8, bytes_of("!")), 1u);
  EXPECT_EQ(contents(**file), std::string("hello\0\0\0!", 9));
  EXPECT_EQ((*file)->stat()->size, 9u);
  EXPECT_EQ((*file)->set_size(2), Errno::success);
  EXPECT_EQ(contents(**file), "he");
  std::byte buffer[4];
  EXPECT_EQ(*(*file)->read(2, buffer), 0u);
  EXPECT_EQ(*(*file)->read(~uint64_t{0}, buffer), 0u);
}

TEST_F(MemoryFiles, KeepsAFileThatIsOpenAfterItsNameIsGone) {
  auto file = root_->open_file("f", kCreate);
  EXPECT_EQ(*(*file)->write(0, bytes_of("kept")), 4u);
  EXPECT_EQ(root_->unlink("f"), Errno::success);
  EXPECT_EQ(root_->stat("f").error(), Errno::noent);
  EXPECT_EQ(contents(**file), "kept");
  EXPECT_EQ((*file)->stat()->links, 0u);
}

TEST_F(MemoryFiles, IsBounded) {
  auto file = root_->open_file("f", kCreate);
  std::vector<std::byte> much(60 * 1024);
  EXPECT_EQ(*(*file)->write(0, much), much.size());
  EXPECT_EQ((*file)->write(much.size(), much).error(), Errno::nospc);
  EXPECT_EQ((*file)->set_size(uint64_t{1} << 62), Errno::nospc);
  EXPECT_EQ((*file)->write(~uint64_t{0} - 1, bytes_of("xyz")).error(), Errno::fbig);
  file->reset();
  EXPECT_EQ(root_->unlink("f"), Errno::success);
  // Everything came back.
  auto again = root_->open_file("g", kCreate);
  EXPECT_EQ(*(*again)->write(0, much), much.size());
  for (int i = 0; i < 1000; ++i) {
    if (!root_->open_file("empty" + std::to_string(i), kCreate)) return;
  }
  FAIL() << "names cost nothing";
}

TEST_F(MemoryFiles, RenamesLikePosix) {
  ASSERT_TRUE(files_.add_directory("a"));
  ASSERT_TRUE(files_.add_directory("a/b"));
  ASSERT_TRUE(files_.add_directory("full"));
  ASSERT_TRUE(files_.add_file("full/x", {}));
  ASSERT_TRUE(files_.add_file("f", bytes_of("one")));
  ASSERT_TRUE(files_.add_file("g", bytes_of("two")));
  EXPECT_EQ(root_->rename("f", *root_, "g"), Errno::success);
  EXPECT_EQ(contents(**root_->open_file("g", {})), "one");
  EXPECT_EQ(root_->stat("f").error(), Errno::noent);
  EXPECT_EQ(root_->rename("g", *root_, "a"), Errno::isdir);
  EXPECT_EQ(root_->rename("a", *root_, "g"), Errno::notdir);
  EXPECT_EQ(root_->rename("a", *root_, "full"), Errno::notempty);
  auto inner = *(*root_->open_directory("a"))->open_directory("b");
  EXPECT_EQ(root_->rename("a", *inner, "below_itself"), Errno::inval);
  EXPECT_EQ(root_->rename("g", *inner, "moved"), Errno::success);
  EXPECT_EQ(contents(**inner->open_file("moved", {})), "one");
  EXPECT_EQ(root_->rename("missing", *root_, "x"), Errno::noent);
}

TEST_F(MemoryFiles, LinksShareContents) {
  ASSERT_TRUE(files_.add_file("f", bytes_of("shared")));
  ASSERT_TRUE(files_.add_directory("d"));
  EXPECT_EQ(root_->link("f", *root_, "g"), Errno::success);
  EXPECT_EQ(root_->stat("g")->links, 2u);
  EXPECT_EQ(root_->link("d", *root_, "e"), Errno::perm);
  EXPECT_EQ(root_->link("f", *root_, "g"), Errno::exist);
  EXPECT_EQ(root_->unlink("f"), Errno::success);
  EXPECT_EQ(contents(**root_->open_file("g", {})), "shared");
}

TEST_F(MemoryFiles, RemovesOnlyWhatIsEmptyAndOfTheRightKind) {
  ASSERT_TRUE(files_.add_directory("d"));
  ASSERT_TRUE(files_.add_file("d/f", {}));
  EXPECT_EQ(root_->remove_directory("d"), Errno::notempty);
  EXPECT_EQ(root_->unlink("d"), Errno::isdir);
  auto directory = *root_->open_directory("d");
  EXPECT_EQ(directory->remove_directory("f"), Errno::notdir);
  EXPECT_EQ(directory->unlink("f"), Errno::success);
  EXPECT_EQ(root_->remove_directory("d"), Errno::success);
  // A directory that has no name any more takes no new entries.
  EXPECT_EQ(directory->open_file("late", kCreate).error(), Errno::noent);
}

TEST_F(MemoryFiles, TakesDownDeepTreesWithoutRecursion) {
  MemoryFileSystem deep(system_, uint64_t{1} << 30);
  auto directory = deep.root();
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(directory->create_directory("d"), Errno::success);
    directory = *directory->open_directory("d");
  }
}

}  // namespace
}  // namespace cairn::wasi
