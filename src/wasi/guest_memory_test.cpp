// Tests that a guest cannot change bytes between their check and their use: WASI functions load each byte of the
// guest's memory at most once.
#include "wasi/guest_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "wasi/fake_system.hpp"
#include "wasi/functions.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/null_file.hpp"

namespace cairn::wasi {
namespace {

// Counts how often each byte was loaded or given away. Changes each byte after its load, so that a second load gives
// another value.
class SpoilingObserver final : public LoadObserver {
 public:
  explicit SpoilingObserver(std::span<std::byte> memory) : memory_(memory), loads_(memory.size()) {}
  void loaded(Pointer at, uint64_t length) override {
    given_away(at, length);
    for (std::byte& byte : memory_.subspan(at, length)) byte ^= std::byte{0xff};
  }
  void given_away(Pointer at, uint64_t length) override {
    for (uint64_t i = at; i < at + length; ++i) ++loads_[i];
  }
  // The loads since the last take(): the number of different bytes that were loaded, and the most loads of one byte.
  struct Loads {
    size_t bytes = 0;
    uint32_t most = 0;
  };
  Loads take() {
    Loads result;
    for (uint32_t& count : loads_) {
      result.bytes += count != 0;
      result.most = std::max(result.most, count);
      count = 0;
    }
    return result;
  }

 private:
  std::span<std::byte> memory_;
  std::vector<uint32_t> loads_;
};

constexpr Pointer kPath = 1000, kOther = 1100, kVectors = 1200, kSubscriptions = 1300, kData = 2000, kOut = 8000;
constexpr std::string_view kText = "d/file", kNew = "d/new", kLink = "d/link";

class EachByteOnce : public testing::Test {
 protected:
  void SetUp() override {
    for (int fd = 0; fd < 3; ++fd) (void)context_.add_stream(std::make_unique<NullFile>(), FileType::character_device);
    (void)context_.add_preopen(*files_->root(), "/");
    context_.arguments = {"program", "argument"};
    context_.environment = {"NAME=value"};
    ASSERT_TRUE(files_->add_directory("d"));
    ASSERT_TRUE(files_->add_file(kText, std::as_bytes(std::span("contents"))));
    put(kPath, kText);
    // This opens descriptor 4.
    ASSERT_EQ(path_open(call_, 3, 0, kPath, kText.size(), 0, rights::all, rights::all, 0, kOut), Errno::success);
    (void)observer_.take();
  }
  void put(Pointer at, std::string_view text) { std::memcpy(memory_.data() + at, text.data(), text.size()); }
  template <class T>
  void set(Pointer at, T value) {
    std::memcpy(memory_.data() + at, &value, sizeof value);
  }
  void put_vectors() {
    for (uint32_t i = 0; i < 3; ++i) {
      set<uint32_t>(kVectors + 8 * i, kData + 10 * i);
      set<uint32_t>(kVectors + 8 * i + 4, 1 + i);
    }
  }

  FakeSystem system_;
  std::unique_ptr<MemoryFileSystem> files_ = *MemoryFileSystem::create(system_, 1 << 20);
  Context context_{system_};
  std::vector<std::byte> memory_ = std::vector<std::byte>(65536);
  SpoilingObserver observer_{memory_};
  Call call_{context_, GuestMemory(memory_, &observer_), Snapshot::preview1};
  Call old_call_{context_, GuestMemory(memory_, &observer_), Snapshot::unstable};
};

// Checks that all names in a directory are single names, and keeps the names of directories.
struct EntryChecker final : EntrySink {
  bool take(const DirectoryEntry& entry) override {
    const auto name = Name::create(entry.name);
    EXPECT_TRUE(name) << entry.name;
    if (name && entry.type == FileType::directory) directories.push_back(*name);
    return true;
  }
  std::vector<Name> directories;
};

struct Case {
  const char* name;
  size_t bytes;  // number of bytes that the call has to load
  std::function<Errno(Call&)> call;
};

TEST_F(EachByteOnce, InAllFunctions) {
  constexpr uint32_t kTextLength = kText.size(), kNewLength = kNew.size(), kLinkLength = kLink.size();
  const std::vector<Case> cases = {
      {"args_get", 0, [](Call& c) { return args_get(c, kOut, kOut + 100); }},
      {"args_sizes_get", 0, [](Call& c) { return args_sizes_get(c, kOut, kOut + 4); }},
      {"environ_get", 0, [](Call& c) { return environ_get(c, kOut, kOut + 100); }},
      {"environ_sizes_get", 0, [](Call& c) { return environ_sizes_get(c, kOut, kOut + 4); }},
      {"clock_res_get", 0, [](Call& c) { return clock_res_get(c, 1, kOut); }},
      {"clock_time_get", 0, [](Call& c) { return clock_time_get(c, 1, 0, kOut); }},
      {"random_get", 0, [](Call& c) { return random_get(c, kOut, 1000); }},
      {"fd_fdstat_get", 0, [](Call& c) { return fd_fdstat_get(c, 4, kOut); }},
      {"fd_filestat_get", 0, [](Call& c) { return fd_filestat_get(c, 4, kOut); }},
      {"fd_pread", 24, [](Call& c) { return fd_pread(c, 4, kVectors, 3, 1, kOut); }},
      {"fd_read", 24, [](Call& c) { return fd_read(c, 4, kVectors, 3, kOut); }},
      {"fd_pwrite", 24 + 6, [](Call& c) { return fd_pwrite(c, 4, kVectors, 3, 1, kOut); }},
      {"fd_write", 24 + 6, [](Call& c) { return fd_write(c, 4, kVectors, 3, kOut); }},
      {"fd_write of a stream", 24 + 6, [](Call& c) { return fd_write(c, 1, kVectors, 3, kOut); }},
      {"fd_prestat_get", 0, [](Call& c) { return fd_prestat_get(c, 3, kOut); }},
      {"fd_prestat_dir_name", 0, [](Call& c) { return fd_prestat_dir_name(c, 3, kOut, 1); }},
      {"fd_readdir", 0, [](Call& c) { return fd_readdir(c, 3, kOut, 1000, 0, kOut + 1000); }},
      {"fd_seek", 0, [](Call& c) { return fd_seek(c, 4, 1, 0, kOut); }},
      {"fd_tell", 0, [](Call& c) { return fd_tell(c, 4, kOut); }},
      {"path_filestat_get", kTextLength, [](Call& c) { return path_filestat_get(c, 3, 1, kPath, kTextLength, kOut); }},
      {"path_filestat_set_times", kTextLength,
       [](Call& c) {
         return path_filestat_set_times(c, 3, 1, kPath, kTextLength, 1, 2, fstflags::atim | fstflags::mtim);
       }},
      {"path_link", kTextLength + kNewLength,
       [](Call& c) { return path_link(c, 3, 0, kPath, kTextLength, 3, kOther, kNewLength); }},
      {"path_open", kTextLength,
       [](Call& c) { return path_open(c, 3, 1, kPath, kTextLength, 0, rights::all, rights::all, 0, kOut); }},
      {"path_unlink_file", kNewLength, [](Call& c) { return path_unlink_file(c, 3, kOther, kNewLength); }},
      {"path_create_directory", kNewLength, [](Call& c) { return path_create_directory(c, 3, kOther, kNewLength); }},
      {"path_remove_directory", kNewLength, [](Call& c) { return path_remove_directory(c, 3, kOther, kNewLength); }},
      {"path_symlink", kTextLength + kLinkLength,
       [](Call& c) { return path_symlink(c, kPath, kTextLength, 3, kOther + 50, kLinkLength); }},
      {"path_readlink", kLinkLength,
       [](Call& c) { return path_readlink(c, 3, kOther + 50, kLinkLength, kOut, 100, kOut + 100); }},
      {"path_rename", kTextLength + kNewLength,
       [](Call& c) { return path_rename(c, 3, kPath, kTextLength, 3, kOther, kNewLength); }},
      {"path_rename back", kTextLength + kNewLength,
       [](Call& c) { return path_rename(c, 3, kOther, kNewLength, 3, kPath, kTextLength); }},
  };
  for (const Case& test : cases) {
    put(kPath, kText);
    put(kOther, kNew);
    put(kOther + 50, kLink);
    put(kData, "0123456789012345678901234567890");
    put_vectors();
    EXPECT_EQ(test.call(call_), Errno::success) << test.name;
    const SpoilingObserver::Loads loads = observer_.take();
    EXPECT_EQ(loads.bytes, test.bytes) << test.name;
    EXPECT_LE(loads.most, 1u) << test.name;
  }
}

TEST_F(EachByteOnce, InSubscriptions) {
  for (Call* call : {&call_, &old_call_}) {
    const uint32_t size = call == &call_ ? 48 : 56;
    std::fill_n(memory_.begin() + kSubscriptions, 3 * size, std::byte{});
    for (uint32_t i = 0; i < 3; ++i) {
      set<uint64_t>(kSubscriptions + i * size, i);
      set<uint8_t>(kSubscriptions + i * size + 8, static_cast<uint8_t>(i));  // 0: a clock, 1: reading, 2: writing
      set<uint32_t>(kSubscriptions + i * size + 16, i);
    }
    EXPECT_EQ(poll_oneoff(*call, kSubscriptions, kOut, 3, kOut + 200), Errno::success);
    const SpoilingObserver::Loads loads = observer_.take();
    EXPECT_EQ(loads.bytes, 3 * size);
    EXPECT_EQ(loads.most, 1u);
  }
}

// A file never gets a name with a slash, "." or "..", even if another thread changes the path during the call.
TEST_F(EachByteOnce, WhileAnotherThreadWrites) {
  const GuestMemory memory(memory_);
  Call call{context_, memory, Snapshot::preview1};
  const auto write = [&](Pointer at, char byte) {
    std::atomic_ref(reinterpret_cast<char&>(memory_[at])).store(byte, std::memory_order_relaxed);
  };
  put_vectors();
  std::atomic<bool> is_done = false;
  std::thread other([&] {
    std::mt19937 random(7);
    while (!is_done.load(std::memory_order_relaxed)) {
      const auto bits = random();
      write(kPath + bits % 3, ".a/."[bits >> 8 & 3]);
      write(kOther + (bits >> 10) % 3, ".b/."[bits >> 16 & 3]);
      write(kVectors + 3 + (bits >> 18 & 4), (bits >> 24 & 1) != 0 ? '\0' : '\x7f');
      write(kSubscriptions + 8, static_cast<char>(bits >> 25 & 3));
    }
  });
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const Errno results[] = {
        path_create_directory(call, 3, kPath, 3),
        path_symlink(call, kOther, 3, 3, kPath, 3),
        path_open(call, 3, random() & 1, kPath, 3, oflags::creat, rights::all, rights::all, 0, kOut),
        path_link(call, 3, 0, kPath, 3, 3, kOther, 3),
        path_rename(call, 3, kPath, 3, 3, kOther, 3),
        path_filestat_get(call, 3, 1, kOther, 3, kOut + 8),
        path_readlink(call, 3, kPath, 3, kOut + 100, 100, kOut + 200),
        path_unlink_file(call, 3, kOther, 3),
        path_remove_directory(call, 3, kPath, 3),
        fd_pwrite(call, 4, kVectors, 3, 0, kOut),
        fd_pread(call, 4, kVectors, 3, 0, kOut),
        poll_oneoff(call, kSubscriptions, kOut, 1, kOut + 100),
    };
    // The greatest error number is 76, Errno::notcapable.
    for (const Errno result : results) ASSERT_LE(static_cast<unsigned>(result), 76u);
    if (results[2] == Errno::success) {
      for (uint32_t fd = 5; context_.close(fd) == Errno::success; ++fd) {
      }
    }
    if (i % 16 != 0) continue;
    std::vector<std::unique_ptr<Directory>> pending;
    pending.push_back(*files_->root());
    while (!pending.empty()) {
      const auto directory = std::move(pending.back());
      pending.pop_back();
      EntryChecker checker;
      ASSERT_EQ(directory->list(0, checker), Errno::success);
      for (const Name& name : checker.directories) pending.push_back(*directory->open_directory(name));
    }
  }
  is_done = true;
  other.join();
}

}  // namespace
}  // namespace cairn::wasi
