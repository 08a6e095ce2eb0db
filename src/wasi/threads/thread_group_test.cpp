// Tests ThreadGroup with real threads, so that ThreadSanitizer can find races.
#include "wasi/threads/thread_group.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "wasi/functions.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/null_file.hpp"

namespace cairn::wasi {
namespace {

using runtime::Trap;

class StandardThread final : public Thread {
 public:
  explicit StandardThread(ThreadBody& body) : thread_([&body] { body.run(); }) {}
  void join() override { thread_.join(); }

 private:
  std::thread thread_;
};

// Lets a signal come. (ThreadSanitizer delivers signals in calls that may block.)
void pause() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

// The clocks of CPU time show one second for each thread.
class ThreadedSystem final : public System {
 public:
  static constexpr uint64_t kSecond = 1'000'000'000;
  uint64_t now(ClockId clock) override {
    if (clock == ClockId::process_cputime || clock == ClockId::thread_cputime) return kSecond;
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  uint64_t resolution(ClockId) override { return 1; }
  Errno fill_random(std::span<std::byte>) override { return Errno::success; }
  void sleep_until(uint64_t time) override {
    while (now(ClockId::monotonic) < time && !runtime::TimeLimit::is_over()) pause();
  }
  void yield() override { std::this_thread::yield(); }
  std::unique_ptr<Thread> start_thread(ThreadBody& body) override {
    if (refuses) return nullptr;
    return std::make_unique<StandardThread>(body);
  }
  CpuClock cpu_clock() override { return CpuClock(1); }
  uint64_t cpu_time(CpuClock) override { return kSecond; }

  std::atomic<bool> refuses = false;
};

class FunctionJob final : public ThreadGroup::Job {
 public:
  using Function = std::function<std::expected<void, Trap>(uint32_t)>;
  FunctionJob(Function function, std::atomic<int>& destroyed) : function_(std::move(function)), destroyed_(destroyed) {}
  ~FunctionJob() override { ++destroyed_; }
  std::expected<void, Trap> run(uint32_t number) override { return function_(number); }

 private:
  Function function_;
  std::atomic<int>& destroyed_;
};

class Threads : public testing::Test {
 protected:
  // Starts a thread; returns its number, or 0.
  uint32_t start(FunctionJob::Function function) {
    auto reservation = group_.reserve();
    if (!reservation) return 0;
    const uint32_t number = reservation->number();
    ++made_;
    return group_.start(*std::move(reservation), std::make_unique<FunctionJob>(std::move(function), destroyed_))
               ? number
               : 0;
  }
  static std::expected<void, Trap> endless() {
    while (!runtime::TimeLimit::is_over()) pause();
    return std::unexpected(Trap::of(wasm::TrapKind::interrupted));
  }

  ThreadedSystem system_;
  std::atomic<int> destroyed_ = 0;
  int made_ = 0;
  Allowance fibers_{8};
  ThreadGroup group_{system_, fibers_};
};

TEST_F(Threads, EndWithTheMainThread) {
  runtime::TimeLimit limit{runtime::TimeLimits{}};
  group_.begin(limit);
  std::atomic<int> done = 0;
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(start([&, i](uint32_t) -> std::expected<void, Trap> {
                ++done;
                return i % 2 == 0 ? std::expected<void, Trap>() : endless();
              }),
              static_cast<uint32_t>(i + 1));
  }
  while (done != 7) std::this_thread::yield();
  EXPECT_EQ(group_.cpu_time() % ThreadedSystem::kSecond, 0U);
  const ThreadsEnd end = group_.finish({});
  EXPECT_EQ(destroyed_, made_);
  EXPECT_FALSE(end.trap || end.exit_status || end.is_over_cpu_limit);
  EXPECT_EQ(start([](uint32_t) { return endless(); }), 0U);
}

TEST_F(Threads, TheFirstEndCounts) {
  for (int round = 0; round < 20; ++round) {
    Allowance fibers(5);
    ThreadGroup group(system_, fibers);
    runtime::TimeLimit limit{runtime::TimeLimits{}};
    group.begin(limit);
    std::atomic<int> destroyed = 0;
    for (int i = 0; i < 4; ++i) {
      auto job = std::make_unique<FunctionJob>(
          [&, i](uint32_t) -> std::expected<void, Trap> {
            if (i == 0) group.exit(7);
            if (i == 1) return std::unexpected(Trap::of(wasm::TrapKind::unreachable));
            return endless();
          },
          destroyed);
      auto reservation = group.reserve();
      if (reservation) (void)group.start(*std::move(reservation), std::move(job));
    }
    const ThreadsEnd end = group.finish(endless());
    EXPECT_EQ(destroyed, 4);
    ASSERT_TRUE(end.exit_status.has_value() != end.trap.has_value());
    if (end.exit_status) EXPECT_EQ(*end.exit_status, 7U);
    if (end.trap) EXPECT_EQ(end.trap->what(), "unreachable (in thread 2)");
  }
}

TEST_F(Threads, AreLimited) {
  runtime::TimeLimit limit{runtime::TimeLimits{}};
  group_.begin(limit);
  system_.refuses = true;
  EXPECT_EQ(start([](uint32_t) { return endless(); }), 0U);
  system_.refuses = false;
  {
    std::vector<ThreadGroup::Reservation> all;
    while (auto one = group_.reserve()) all.push_back(*std::move(one));
    EXPECT_EQ(all.size(), fibers_.limit() - 1);
  }
  EXPECT_NE(start([](uint32_t) -> std::expected<void, Trap> { return {}; }), 0U);
  (void)group_.finish({});
  EXPECT_EQ(destroyed_, made_);
  EXPECT_EQ(fibers_.used(), 0U);
}

// Each of the threads has used one second.
TEST_F(Threads, ShareTheLimitOnCpuTime) {
  runtime::TimeLimit limit{runtime::TimeLimits{.wall = {}, .cpu = 5 * ThreadedSystem::kSecond}};
  group_.begin(limit);
  for (int i = 0; i < 6; ++i) (void)start([](uint32_t) { return endless(); });
  const ThreadsEnd end = group_.finish(endless());
  EXPECT_TRUE(end.is_over_cpu_limit);
}

// Threads open, write, seek, renumber and close the same descriptors.
TEST(SharedContext, DescriptorsBearThreads) {
  ThreadedSystem system;
  const auto files = *MemoryFileSystem::create(system, 1 << 20);
  Context context(system);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(context.add_stream(std::make_unique<NullFile>(), FileType::unknown));
  ASSERT_TRUE(context.add_preopen(*files->root(), "/"));
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      std::vector<std::byte> memory(4096);
      Call call{context, GuestMemory(memory), Snapshot::preview1};
      std::memcpy(memory.data() + 100, "log", 3);
      const uint32_t vector[] = {1000, 8};
      std::memcpy(memory.data() + 200, vector, sizeof vector);
      for (int round = 0; round < 200; ++round) {
        ASSERT_EQ(path_open(call, 3, 0, 100, 3, oflags::creat, rights::all, rights::all, fdflags::append, 0),
                  Errno::success);
        uint32_t fd;
        std::memcpy(&fd, memory.data(), 4);
        (void)fd_write(call, fd, 200, 1, 8);
        (void)fd_seek(call, 4 + (fd + number) % 4, 0, 0, 16);
        (void)fd_fdstat_get(call, 4 + round % 4, 24);
        (void)fd_close(call, fd);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Every append is there, although each thread has a descriptor of its own.
  const auto root = *files->root();
  EXPECT_EQ((*root->stat(*Name::create("log"))).size, 4U * 200 * 8);
}

}  // namespace
}  // namespace cairn::wasi
