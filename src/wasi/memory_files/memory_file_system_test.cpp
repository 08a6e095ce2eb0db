#include "wasi/memory_files/memory_file_system.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

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
  std::unique_ptr<MemoryFileSystem> files_ = *MemoryFileSystem::create(system_, 96 * 1024);
  std::unique_ptr<Directory> root_ = *files_->root();
};

// Makes a Name of a string literal.
Name operator""_n(const char* text, size_t length) { return *Name::create({text, length}); }

constexpr OpenOptions kCreate{.create = true, .exclusive = false, .truncate = false, .read = true, .write = true};

TEST_F(MemoryFiles, WritesAndReadsBack) {
  auto file = root_->open_file("f"_n, kCreate);
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
  auto file = root_->open_file("f"_n, kCreate);
  EXPECT_EQ(*(*file)->write(0, bytes_of("kept")), 4u);
  EXPECT_EQ(root_->unlink("f"_n), Errno::success);
  EXPECT_EQ(root_->stat("f"_n).error(), Errno::noent);
  EXPECT_EQ(contents(**file), "kept");
  EXPECT_EQ((*file)->stat()->links, 0u);
}

TEST_F(MemoryFiles, IsBounded) {
  auto file = root_->open_file("f"_n, kCreate);
  std::vector<std::byte> much(100 * 1024);
  // The write stores as much as fits.
  const size_t written = *(*file)->write(0, much);
  EXPECT_LT(written, 96u * 1024);
  EXPECT_GE(written, 88u * 1024);
  EXPECT_EQ((*file)->write(written, much).error(), Errno::nospc);
  EXPECT_EQ((*file)->stat()->size, written);
  EXPECT_EQ((*file)->allocate(0, uint64_t{1} << 62), Errno::nospc);
  EXPECT_EQ((*file)->stat()->size, written);
  EXPECT_EQ((*file)->write(~uint64_t{0} - 1, bytes_of("xyz")).error(), Errno::fbig);
  file->reset();
  EXPECT_EQ(root_->unlink("f"_n), Errno::success);
  // All memory is free again.
  auto again = root_->open_file("g"_n, kCreate);
  EXPECT_EQ(*(*again)->write(0, much), written);
  for (int i = 0; i < 1000; ++i) {
    if (!root_->open_file(*Name::create("empty" + std::to_string(i)), kCreate)) return;
  }
  FAIL() << "names cost nothing";
}

TEST_F(MemoryFiles, RenamesLikePosix) {
  ASSERT_TRUE(files_->add_directory("a"));
  ASSERT_TRUE(files_->add_directory("a/b"));
  ASSERT_TRUE(files_->add_directory("full"));
  ASSERT_TRUE(files_->add_file("full/x", {}));
  ASSERT_TRUE(files_->add_file("f", bytes_of("one")));
  ASSERT_TRUE(files_->add_file("g", bytes_of("two")));
  EXPECT_EQ(root_->rename("f"_n, *root_, "g"_n), Errno::success);
  EXPECT_EQ(contents(**root_->open_file("g"_n, {})), "one");
  EXPECT_EQ(root_->stat("f"_n).error(), Errno::noent);
  EXPECT_EQ(root_->rename("g"_n, *root_, "a"_n), Errno::isdir);
  EXPECT_EQ(root_->rename("a"_n, *root_, "g"_n), Errno::notdir);
  EXPECT_EQ(root_->rename("a"_n, *root_, "full"_n), Errno::notempty);
  auto inner = *(*root_->open_directory("a"_n))->open_directory("b"_n);
  EXPECT_EQ(root_->rename("a"_n, *inner, "below_itself"_n), Errno::inval);
  EXPECT_EQ(root_->rename("g"_n, *inner, "moved"_n), Errno::success);
  EXPECT_EQ(contents(**inner->open_file("moved"_n, {})), "one");
  EXPECT_EQ(root_->rename("missing"_n, *root_, "x"_n), Errno::noent);
}

TEST_F(MemoryFiles, LinksShareContents) {
  ASSERT_TRUE(files_->add_file("f", bytes_of("shared")));
  ASSERT_TRUE(files_->add_directory("d"));
  EXPECT_EQ(root_->link("f"_n, *root_, "g"_n), Errno::success);
  EXPECT_EQ(root_->stat("g"_n)->links, 2u);
  EXPECT_EQ(root_->link("d"_n, *root_, "e"_n), Errno::perm);
  EXPECT_EQ(root_->link("f"_n, *root_, "g"_n), Errno::exist);
  EXPECT_EQ(root_->unlink("f"_n), Errno::success);
  EXPECT_EQ(contents(**root_->open_file("g"_n, {})), "shared");
}

TEST_F(MemoryFiles, RemovesOnlyWhatIsEmptyAndOfTheRightKind) {
  ASSERT_TRUE(files_->add_directory("d"));
  ASSERT_TRUE(files_->add_file("d/f", {}));
  EXPECT_EQ(root_->remove_directory("d"_n), Errno::notempty);
  EXPECT_EQ(root_->unlink("d"_n), Errno::isdir);
  auto directory = *root_->open_directory("d"_n);
  EXPECT_EQ(directory->remove_directory("f"_n), Errno::notdir);
  EXPECT_EQ(directory->unlink("f"_n), Errno::success);
  EXPECT_EQ(root_->remove_directory("d"_n), Errno::success);
  // A directory that has no name any more takes no new entries.
  EXPECT_EQ(directory->open_file("late"_n, kCreate).error(), Errno::noent);
}

TEST_F(MemoryFiles, TakesDownDeepTreesWithoutRecursion) {
  const auto deep = *MemoryFileSystem::create(system_, uint64_t{1} << 30);
  auto directory = *deep->root();
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(directory->create_directory("d"_n), Errno::success);
    directory = *directory->open_directory("d"_n);
  }
}

TEST_F(MemoryFiles, HolesCostNothing) {
  auto file = root_->open_file("f"_n, kCreate);
  EXPECT_EQ((*file)->set_size(uint64_t{1} << 62), Errno::success);
  EXPECT_EQ(*(*file)->write(uint64_t{1} << 61, bytes_of("far")), 3u);
  char text[5];
  EXPECT_EQ(*(*file)->read((uint64_t{1} << 61) - 1, std::as_writable_bytes(std::span(text))), 5u);
  EXPECT_EQ(std::string_view(text, 5), std::string_view("\0far\0", 5));
  EXPECT_EQ((*file)->write((uint64_t{1} << 63) - 1, bytes_of("x")).error(), Errno::fbig);
  EXPECT_EQ(*(*file)->write((uint64_t{1} << 63) - 2, bytes_of("xy")), 1u);
}

TEST_F(MemoryFiles, CuttingAFileGivesItsMemoryBack) {
  auto file = root_->open_file("f"_n, kCreate);
  const uint64_t before = files_->used_bytes();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ((*file)->allocate(0, 80 * 1024), Errno::success);
    ASSERT_EQ((*file)->set_size(0), Errno::success);
    ASSERT_EQ(files_->used_bytes(), before);
  }
  // Bytes that were cut off do not reappear.
  EXPECT_EQ(*(*file)->write(0, bytes_of("secret")), 6u);
  EXPECT_EQ((*file)->set_size(1), Errno::success);
  EXPECT_EQ((*file)->set_size(6), Errno::success);
  EXPECT_EQ(contents(**file), std::string("s\0\0\0\0\0", 6));
}

TEST_F(MemoryFiles, CountsExactlyWhatIsHeld) {
  const uint64_t before = files_->used_bytes();
  // A link is refused if its target is too long or its name is taken. Such a link uses no memory.
  EXPECT_EQ(root_->symlink(std::string(4096, 't'), "l"_n), Errno::nametoolong);
  EXPECT_EQ(files_->used_bytes(), before);
  ASSERT_EQ(root_->create_directory("d"_n), Errno::success);
  const uint64_t with_directory = files_->used_bytes();
  EXPECT_EQ(root_->symlink("target", "d"_n), Errno::exist);
  EXPECT_EQ(files_->used_bytes(), with_directory);
  ASSERT_EQ(root_->symlink("target", "l"_n), Errno::success);
  EXPECT_GT(files_->used_bytes(), with_directory);
  ASSERT_EQ(root_->unlink("l"_n), Errno::success);
  ASSERT_EQ(root_->remove_directory("d"_n), Errno::success);
  EXPECT_EQ(files_->used_bytes(), before);
}

TEST_F(MemoryFiles, ARenameThatDoesNotFitDestroysNothing) {
  ASSERT_TRUE(files_->add_file("f", bytes_of("kept")));
  std::vector<std::byte> much(100 * 1024);
  auto filler = root_->open_file("filler"_n, kCreate);
  ASSERT_TRUE((*filler)->write(0, much));
  while (root_->create_directory(*Name::create("d" + std::to_string(files_->used_bytes()))) == Errno::success) {
  }
  const uint64_t before = files_->used_bytes();
  const Name long_name = *Name::create(std::string(255, 'n'));
  EXPECT_EQ(root_->rename("f"_n, *root_, long_name), Errno::nospc);
  EXPECT_EQ(files_->used_bytes(), before);
  EXPECT_EQ(contents(**root_->open_file("f"_n, {})), "kept");
  // An existing name needs no room.
  EXPECT_EQ(root_->rename("f"_n, *root_, "filler"_n), Errno::success);
  EXPECT_EQ(contents(**root_->open_file("filler"_n, {})), "kept");
}

TEST_F(MemoryFiles, ADirectoryThatWasReplacedIsRemoved) {
  for (const char* path : {"p", "p/old", "p/new", "q"}) ASSERT_TRUE(files_->add_directory(path));
  auto p = *root_->open_directory("p"_n);
  auto replaced = *p->open_directory("old"_n);
  ASSERT_EQ(p->rename("new"_n, *p, "old"_n), Errno::success);
  ASSERT_EQ(p->rename("old"_n, *root_, "r"_n), Errno::success);
  p.reset();
  ASSERT_EQ(root_->remove_directory("p"_n), Errno::success);
  EXPECT_EQ(replaced->stat_self()->links, 0u);
  EXPECT_EQ(root_->rename("q"_n, *replaced, "x"_n), Errno::noent);
  EXPECT_EQ(replaced->create_directory("x"_n), Errno::noent);
}

// Keeps the listed names, and the position from which a listing continues.
struct Names final : EntrySink {
  bool take(const DirectoryEntry& entry) override {
    names.emplace_back(entry.name);
    next = entry.next;
    return names.size() < most;
  }
  std::vector<std::string> names;
  uint64_t next = 0;
  size_t most = 1000;
};

TEST_F(MemoryFiles, ListsOnWhileNamesComeAndGo) {
  for (const char* name : {"c", "a", "d", "b"}) ASSERT_TRUE(files_->add_file(name, {}));
  Names first;
  first.most = 2;
  EXPECT_EQ(root_->list(0, first), Errno::success);
  EXPECT_EQ(first.names, (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(root_->unlink("a"_n), Errno::success);
  EXPECT_EQ(root_->unlink("d"_n), Errno::success);
  ASSERT_TRUE(files_->add_file("new", {}));
  Names rest;
  EXPECT_EQ(root_->list(first.next, rest), Errno::success);
  EXPECT_EQ(rest.names, (std::vector<std::string>{"b", "new"}));
}

TEST_F(MemoryFiles, HasStandardFiles) {
  ASSERT_TRUE(files_->add_directory("root"));
  ASSERT_TRUE(files_->add_directory("root/dev"));
  ASSERT_TRUE(files_->add_standard_files("root"));
  ASSERT_TRUE(files_->add_standard_files("root"));
  auto root = *files_->open("root");
  EXPECT_EQ(root->stat("tmp"_n)->type, FileType::directory);
  auto null = *(*root->open_directory("dev"_n))->open_file("null"_n, {.create = true, .truncate = true, .write = true});
  EXPECT_EQ(null->stat()->type, FileType::character_device);
  EXPECT_EQ(*null->write(0, bytes_of("gone")), 4u);
  std::byte buffer[4];
  EXPECT_EQ(*null->read(0, buffer), 0u);
  EXPECT_EQ(null->stat()->size, 0u);
}

}  // namespace
}  // namespace cairn::wasi
