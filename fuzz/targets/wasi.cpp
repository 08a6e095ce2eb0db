// Fuzzes WASI's functions over the file system in memory, with arbitrary memory and arguments: pointers, lengths,
// vectors, paths, cookies, clocks, lists of subscriptions.
//
// The input gives the beginning of the guest's memory and a list of calls. After this beginning, the memory holds paths
// and vectors that mean something, so that calls get far.
#include <array>
#include <string>

#include "support/check.hpp"
#include "support/input.hpp"
#include "wasi/fake_system.hpp"
#include "wasi/functions.hpp"
#include "wasi/memory_files/memory_file_system.hpp"

using namespace cairn;
using namespace cairn::wasi;

namespace {

constexpr size_t kMemory = 65536;
constexpr Pointer kPaths = 0x1000, kVectors = 0x2000;
constexpr std::string_view kNames[] = {"a",      "d", "d/f", "d/../a", "../a", "/a",    "link",
                                       "link/f", "",  ".",   "d/",     "new",  "d/e/g", "up"};

// A stream that gives 100 bytes and discards what is written.
class Stream final : public File {
 public:
  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t, std::span<std::byte> buffer) override {
    const size_t count = std::min<size_t>(buffer.size(), left_);
    std::fill_n(buffer.begin(), count, std::byte{'x'});
    left_ -= count;
    return count;
  }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override { return bytes.size(); }
  WasiResult<FileStat> stat() override { return FileStat{.type = FileType::character_device}; }
  Errno set_size(uint64_t) override { return Errno::inval; }
  Errno allocate(uint64_t, uint64_t) override { return Errno::spipe; }
  Errno set_times(const SetTimes&) override { return Errno::inval; }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return left_ != 0; }
  uint64_t readable_bytes() override { return left_; }

 private:
  size_t left_ = 100;
};

// Takes an argument from the input: mostly a small number or an address of prepared memory, sometimes any number.
template <class T>
T argument(fuzz::Input& input) {
  const uint8_t way = input.byte();
  if (way < 0x80) return static_cast<T>(way % 16);
  if (way < 0xa0) return static_cast<T>(kPaths + (way % 16) * 16);
  if (way < 0xb0) return static_cast<T>(kVectors + (way % 4) * 64);
  if (way < 0xd0) return static_cast<T>(uint32_t{input.byte()} * 16);
  if (way < 0xe0) return static_cast<T>(kMemory - way % 16);
  if (way < 0xe8) return static_cast<T>(~T{0} - static_cast<T>(way % 8));
  return input.take<T>();
}

using Function = Errno (*)(Call&, fuzz::Input&);

template <auto function>
struct Adapter;
template <class... A, Errno (*function)(Call&, A...)>
struct Adapter<function> {
  static Errno call(Call& call, fuzz::Input& input) {
    std::tuple<A...> arguments{argument<A>(input)...};
    return std::apply([&](A... values) { return function(call, values...); }, arguments);
  }
};

// path_open is listed three times, so that it is called more often: other functions need the descriptors.
constexpr Function kFunctions[] = {
#define F(name) Adapter<&wasi::name>::call
    F(args_get),
    F(args_sizes_get),
    F(environ_get),
    F(environ_sizes_get),
    F(clock_res_get),
    F(clock_time_get),
    F(random_get),
    F(sched_yield),
    F(proc_raise),
    F(fd_advise),
    F(fd_allocate),
    F(fd_close),
    F(fd_datasync),
    F(fd_fdstat_get),
    F(fd_fdstat_set_flags),
    F(fd_fdstat_set_rights),
    F(fd_filestat_get),
    F(fd_filestat_set_size),
    F(fd_filestat_set_times),
    F(fd_pread),
    F(fd_prestat_get),
    F(fd_prestat_dir_name),
    F(fd_pwrite),
    F(fd_read),
    F(fd_readdir),
    F(fd_renumber),
    F(fd_seek),
    F(fd_sync),
    F(fd_tell),
    F(fd_write),
    F(path_create_directory),
    F(path_filestat_get),
    F(path_filestat_set_times),
    F(path_link),
    F(path_open),
    F(path_open),
    F(path_open),
    F(path_readlink),
    F(path_remove_directory),
    F(path_rename),
    F(path_symlink),
    F(path_unlink_file),
    F(poll_oneoff),
    F(sock_accept),
    F(sock_recv),
    F(sock_send),
    F(sock_shutdown),
#undef F
};

template <class T>
void put(std::vector<std::byte>& memory, size_t at, T value) {
  std::memcpy(memory.data() + at, &value, sizeof value);
}

// Writes paths and lists of vectors to the caller's memory.
void prepare(std::vector<std::byte>& memory) {
  for (size_t i = 0; i < std::size(kNames); ++i)
    std::memcpy(memory.data() + kPaths + i * 16, kNames[i].data(), kNames[i].size());
  // The buffers of the first list of vectors begin at one address, and those of the last are large and overlap.
  for (uint32_t i = 0; i < 4; ++i) {
    for (uint32_t j = 0; j < 8; ++j) {
      put<uint32_t>(memory, kVectors + i * 64 + j * 8, 0x3000 + j * 64 * i);
      put<uint32_t>(memory, kVectors + i * 64 + j * 8 + 4, i == 3 ? 0x400 : 4 + j);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  FakeSystem system;
  const auto files = *MemoryFileSystem::create(system, 1 << 18);
  (void)files->add_directory("d");
  (void)files->add_directory("d/e");
  (void)files->add_file("a", std::as_bytes(std::span("contents of a")));
  (void)files->add_file("d/f", std::as_bytes(std::span("f")));
  (void)files->add_link("link", "d");
  (void)files->add_link("up", "../../a");
  Context context(system);
  context.arguments = {"program", "argument"};
  context.environment = {"K=V"};
  for (int i = 0; i < 3; ++i) (void)context.add_stream(std::make_unique<Stream>(), FileType::character_device);
  (void)context.add_preopen(*files->root(), "/");

  static std::vector<std::byte> memory(kMemory);
  std::ranges::fill(memory, std::byte{0});
  prepare(memory);
  const auto first = input.bytes(input.take<uint16_t>() % 1024);
  std::ranges::copy(first, memory.begin());
  Call call{context, GuestMemory(memory), Snapshot::preview1};
  Call old_call{context, GuestMemory(memory), Snapshot::unstable};
  for (int calls = 0; calls < 64 && !input.empty(); ++calls) {
    const uint8_t number = input.byte();
    const Function function = kFunctions[number % std::size(kFunctions)];
    const Errno result = function(number < 235 ? call : old_call, input);
    fuzz::check(static_cast<unsigned>(result) <= 76, "an error number that WASI does not have");
  }
  return 0;
}
