#include "wasi/functions.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wasi/fake_system.hpp"
#include "wasi/memory_files/memory_file_system.hpp"

namespace cairn::wasi {
namespace {

// A stream that yields `input` and keeps everything that is written.
class FakeStream final : public File {
 public:
  FakeStream(std::string& input, std::string& output) : input_(input), output_(output) {}
  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t, std::span<std::byte> buffer) override {
    const size_t count = std::min(buffer.size(), input_.size());
    std::memcpy(buffer.data(), input_.data(), count);
    input_.erase(0, count);
    return count;
  }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override {
    output_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return bytes.size();
  }
  WasiResult<FileStat> stat() override { return FileStat{.type = FileType::character_device}; }
  Errno set_size(uint64_t) override { return Errno::inval; }
  Errno allocate(uint64_t, uint64_t) override { return Errno::spipe; }
  Errno set_times(const SetTimes&) override { return Errno::inval; }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return !input_.empty(); }
  uint64_t readable_bytes() override { return input_.size(); }

 private:
  std::string& input_;
  std::string& output_;
};

class Functions : public testing::Test {
 protected:
  void SetUp() override {
    for (int fd = 0; fd < 3; ++fd) {
      ASSERT_TRUE(context_.add_stream(std::make_unique<FakeStream>(input_, output_), FileType::character_device));
    }
    ASSERT_TRUE(context_.add_preopen(*files_->root(), "/"));
    context_.arguments = {"program", "argument"};
  }
  Pointer put(Pointer at, std::string_view text) {
    std::memcpy(memory_.data() + at, text.data(), text.size());
    return at;
  }
  template <class T>
  T get(Pointer at) {
    T value;
    std::memcpy(&value, memory_.data() + at, sizeof(T));
    return value;
  }
  template <class T>
  void set(Pointer at, T value) {
    std::memcpy(memory_.data() + at, &value, sizeof(T));
  }
  Errno open(std::string_view path, uint32_t flags, uint64_t wanted = rights::all, uint32_t fdflags = 0) {
    put(1000, path);
    return path_open(call_, 3, lookupflags::symlink_follow, 1000, static_cast<uint32_t>(path.size()), flags, wanted,
                     rights::all, fdflags, 0);
  }
  // Writes `text` to `fd`, through an iovec at 100.
  Errno write(uint32_t fd, std::string_view text) {
    put(2000, text);
    set<uint32_t>(100, 2000);
    set<uint32_t>(104, static_cast<uint32_t>(text.size()));
    return fd_write(call_, fd, 100, 1, 200);
  }
  std::string read(uint32_t fd, uint32_t count) {
    set<uint32_t>(100, 3000);
    set<uint32_t>(104, count);
    EXPECT_EQ(fd_read(call_, fd, 100, 1, 200), Errno::success);
    return std::string(reinterpret_cast<const char*>(memory_.data()) + 3000, get<uint32_t>(200));
  }

  FakeSystem system_;
  std::unique_ptr<MemoryFileSystem> files_ = *MemoryFileSystem::create(system_, 1 << 20);
  std::string input_ = "typed";
  std::string output_;
  Context context_{system_};
  std::vector<std::byte> memory_ = std::vector<std::byte>(65536);
  Call call_{context_, GuestMemory(memory_), Snapshot::preview1};
  Call old_call_{context_, GuestMemory(memory_), Snapshot::unstable};
};

TEST_F(Functions, Arguments) {
  EXPECT_EQ(args_sizes_get(call_, 0, 4), Errno::success);
  EXPECT_EQ(get<uint32_t>(0), 2u);
  EXPECT_EQ(get<uint32_t>(4), 17u);
  EXPECT_EQ(args_get(call_, 0, 100), Errno::success);
  EXPECT_STREQ(reinterpret_cast<const char*>(memory_.data()) + get<uint32_t>(4), "argument");
  EXPECT_EQ(args_get(call_, 65533, 100), Errno::fault);
  EXPECT_EQ(args_get(call_, 0, 65530), Errno::fault);
  EXPECT_EQ(args_get(call_, 0, 0xffff'ffff), Errno::fault);
}

TEST_F(Functions, StreamsReadAndWrite) {
  EXPECT_EQ(write(1, "out"), Errno::success);
  EXPECT_EQ(output_, "out");
  EXPECT_EQ(read(0, 100), "typed");
  EXPECT_EQ(fd_seek(call_, 1, 0, 1, 0), Errno::spipe);
  EXPECT_EQ(fd_tell(call_, 1, 0), Errno::spipe);
  EXPECT_EQ(fd_write(call_, 99, 100, 1, 200), Errno::badf);
  EXPECT_EQ(fd_write(call_, 3, 100, 1, 200), Errno::isdir);
}

TEST_F(Functions, VectorsAreChecked) {
  set<uint32_t>(100, 65530);
  set<uint32_t>(104, 7);
  EXPECT_EQ(fd_write(call_, 1, 100, 1, 200), Errno::fault);
  EXPECT_EQ(fd_write(call_, 1, 65530, 1, 200), Errno::fault);
  EXPECT_EQ(fd_write(call_, 1, 0, 0xffff'ffff, 200), Errno::fault);
  EXPECT_TRUE(output_.empty());
}

TEST_F(Functions, FilesHavePositions) {
  ASSERT_EQ(open("f", oflags::creat), Errno::success);
  const auto fd = get<uint32_t>(0);
  EXPECT_EQ(fd, 4u);
  EXPECT_EQ(write(fd, "0123456789"), Errno::success);
  EXPECT_EQ(fd_seek(call_, fd, -7, 1, 0), Errno::success);
  EXPECT_EQ(get<uint64_t>(0), 3u);
  EXPECT_EQ(read(fd, 2), "34");
  EXPECT_EQ(fd_seek(call_, fd, -1, 2, 0), Errno::success);
  EXPECT_EQ(read(fd, 10), "9");
  EXPECT_EQ(fd_seek(call_, fd, -1, 0, 0), Errno::inval);
  EXPECT_EQ(fd_seek(call_, fd, 0, 3, 0), Errno::inval);
  // In wasi_unstable, whence 0 is the current position, 1 the end and 2 the start.
  EXPECT_EQ(fd_seek(old_call_, fd, 5, 2, 0), Errno::success);
  EXPECT_EQ(read(fd, 1), "5");
  EXPECT_EQ(fd_seek(old_call_, fd, -2, 1, 0), Errno::success);
  EXPECT_EQ(read(fd, 1), "8");
  EXPECT_EQ(fd_seek(old_call_, fd, -1, 0, 0), Errno::success);
  EXPECT_EQ(read(fd, 1), "8");
  EXPECT_EQ(fd_close(call_, fd), Errno::success);
  EXPECT_EQ(fd_close(call_, fd), Errno::badf);
}

TEST_F(Functions, AppendsWhenAsked) {
  ASSERT_EQ(open("f", oflags::creat, rights::all, fdflags::append), Errno::success);
  const auto fd = get<uint32_t>(0);
  EXPECT_EQ(write(fd, "one"), Errno::success);
  EXPECT_EQ(fd_seek(call_, fd, 0, 0, 8), Errno::success);
  EXPECT_EQ(write(fd, "two"), Errno::success);
  EXPECT_EQ(fd_filestat_get(call_, fd, 400), Errno::success);
  // The size lies at offset 32 of a filestat; in wasi_unstable at offset 24, after the number of links at offset 20.
  EXPECT_EQ(get<uint64_t>(432), 6u);
  EXPECT_EQ(fd_filestat_get(old_call_, fd, 400), Errno::success);
  EXPECT_EQ(get<uint64_t>(424), 6u);
  EXPECT_EQ(get<uint32_t>(420), 1u);
}

TEST_F(Functions, OpenRespectsFlagsAndRights) {
  EXPECT_EQ(open("missing", 0), Errno::noent);
  ASSERT_EQ(open("f", oflags::creat | oflags::excl), Errno::success);
  EXPECT_EQ(open("f", oflags::creat | oflags::excl), Errno::exist);
  EXPECT_EQ(open("f", oflags::directory), Errno::notdir);
  EXPECT_EQ(open("f/", 0), Errno::notdir);
  ASSERT_EQ(open("f", 0, rights::fd_read), Errno::success);
  EXPECT_EQ(write(get<uint32_t>(0), "x"), Errno::notcapable);
  put(1000, "d");
  EXPECT_EQ(path_create_directory(call_, 3, 1000, 1), Errno::success);
  EXPECT_EQ(path_create_directory(call_, 3, 1000, 1), Errno::exist);
  EXPECT_EQ(open("d", 0), Errno::success);
  EXPECT_EQ(open("d", oflags::trunc), Errno::isdir);
  EXPECT_EQ(open("../f", 0), Errno::notcapable);
}

TEST_F(Functions, ListsDirectoriesInPieces) {
  for (const char* name : {"alpha", "beta", "gamma"}) ASSERT_EQ(open(name, oflags::creat), Errno::success);
  std::vector<std::string> names;
  uint64_t cookie = 0;
  constexpr uint32_t kBuffer = 60;  // room for one or two entries
  for (;;) {
    ASSERT_EQ(fd_readdir(call_, 3, 4000, kBuffer, cookie, 200), Errno::success);
    const auto used = get<uint32_t>(200);
    uint32_t at = 0;
    while (at + 24 <= used) {
      const auto length = get<uint32_t>(4000 + at + 16);
      if (at + 24 + length > used) break;
      names.emplace_back(reinterpret_cast<const char*>(memory_.data()) + 4000 + at + 24, length);
      cookie = get<uint64_t>(4000 + at);
      at += 24 + length;
    }
    if (used < kBuffer) break;
  }
  EXPECT_EQ(names, (std::vector<std::string>{".", "..", "alpha", "beta", "gamma"}));
}

TEST_F(Functions, Preopens) {
  EXPECT_EQ(fd_prestat_get(call_, 3, 0), Errno::success);
  EXPECT_EQ(get<uint32_t>(4), 1u);
  EXPECT_EQ(fd_prestat_dir_name(call_, 3, 0, 1), Errno::success);
  EXPECT_EQ(memory_[0], std::byte{'/'});
  EXPECT_EQ(fd_prestat_dir_name(call_, 3, 0, 0), Errno::nametoolong);
  EXPECT_EQ(fd_prestat_get(call_, 4, 0), Errno::badf);
  EXPECT_EQ(fd_prestat_get(call_, 1, 0), Errno::badf);
}

TEST_F(Functions, LinksAndRenames) {
  ASSERT_EQ(open("f", oflags::creat), Errno::success);
  put(1000, "f");
  put(1100, "link");
  EXPECT_EQ(path_symlink(call_, 1000, 1, 3, 1100, 4), Errno::success);
  EXPECT_EQ(path_readlink(call_, 3, 1100, 4, 500, 100, 200), Errno::success);
  EXPECT_EQ(get<uint32_t>(200), 1u);
  EXPECT_EQ(path_filestat_get(call_, 3, 0, 1100, 4, 400), Errno::success);
  EXPECT_EQ(get<uint8_t>(416), static_cast<uint8_t>(FileType::symbolic_link));
  EXPECT_EQ(path_filestat_get(call_, 3, lookupflags::symlink_follow, 1100, 4, 400), Errno::success);
  EXPECT_EQ(get<uint8_t>(416), static_cast<uint8_t>(FileType::regular_file));
  put(1200, "/absolute");
  EXPECT_EQ(path_symlink(call_, 1200, 9, 3, 1000, 1), Errno::notcapable);
  put(1300, "g");
  EXPECT_EQ(path_rename(call_, 3, 1000, 1, 3, 1300, 1), Errno::success);
  EXPECT_EQ(path_unlink_file(call_, 3, 1300, 1), Errno::success);
  EXPECT_EQ(path_unlink_file(call_, 3, 1300, 1), Errno::noent);
}

TEST_F(Functions, PollSleepsUntilTheClockIsDue) {
  set<uint64_t>(0, 77);    // userdata
  set<uint8_t>(8, 0);      // clock
  set<uint32_t>(16, 1);    // monotonic
  set<uint64_t>(24, 500);  // timeout
  set<uint16_t>(40, 0);    // relative
  EXPECT_EQ(poll_oneoff(call_, 0, 1000, 1, 200), Errno::success);
  EXPECT_EQ(system_.time, 1500u);
  EXPECT_EQ(get<uint32_t>(200), 1u);
  EXPECT_EQ(get<uint64_t>(1000), 77u);
  // In wasi_unstable, a clock subscription has an identifier before the clock's number.
  std::fill(memory_.begin(), memory_.begin() + 64, std::byte{});
  set<uint32_t>(24, 1);
  set<uint64_t>(32, 250);
  EXPECT_EQ(poll_oneoff(old_call_, 0, 1000, 1, 200), Errno::success);
  EXPECT_EQ(system_.time, 1750u);
  EXPECT_EQ(poll_oneoff(call_, 0, 1000, 0, 200), Errno::inval);
}

TEST_F(Functions, PollReportsBadDescriptorsAsEvents) {
  set<uint8_t>(8, 1);  // fd_read
  set<uint32_t>(16, 99);
  EXPECT_EQ(poll_oneoff(call_, 0, 1000, 1, 200), Errno::success);
  EXPECT_EQ(get<uint16_t>(1008), static_cast<uint16_t>(Errno::badf));
}

TEST_F(Functions, ThereAreNoSockets) {
  EXPECT_EQ(sock_shutdown(call_, 1, 0), Errno::notsock);
  EXPECT_EQ(sock_recv(call_, 99, 0, 0, 0, 0, 0), Errno::badf);
}

// random_get fails rather than return bytes that could be guessed.
TEST_F(Functions, RandomFailsWithoutEntropy) {
  EXPECT_EQ(random_get(call_, 100, 16), Errno::success);
  EXPECT_EQ(get<uint8_t>(100), 0x5a);
  system_.has_entropy = false;
  EXPECT_EQ(random_get(call_, 100, 16), Errno::io);
}

}  // namespace
}  // namespace cairn::wasi
