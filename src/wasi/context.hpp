// The environment of a WASI program (arguments, environment variables, threads), and its table of file descriptors.
#pragma once

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/allowance.hpp"
#include "base/ref.hpp"
#include "base/try_vector.hpp"
#include "runtime/guarded.hpp"
#include "wasi/interface/file.hpp"
#include "wasi/threads/thread_group.hpp"

namespace cairn::wasi {

class Children;

// An open descriptor. Exactly one of file and directory is set. Several threads may use a descriptor at the same time;
// members that may change meanwhile are atomic or have a lock.
struct Descriptor final : RefCounted {
  std::unique_ptr<File> file;
  std::unique_ptr<Directory> directory;
  FileType type = FileType::unknown;
  // The file position; unused for streams. A thread holds its lock while it reads or writes there, so that two threads
  // do not read or write the same bytes.
  runtime::Guarded<uint64_t, LockRank::file_position> offset;
  std::atomic<uint16_t> flags = 0;  // bits of namespace fdflags
  std::atomic<uint64_t> rights = 0;
  std::atomic<uint64_t> inheriting_rights = 0;
  std::optional<std::string> preopen;  // the name of a preopened directory, as the guest sees it
};

// All threads of the program use its context at the same time. The lock of the table of descriptors is held neither
// while a thread waits nor while guest memory is touched: functions take a reference to a descriptor from the table,
// and closing only removes the table's reference.
class Context {
 public:
  // `allowances` are the program's, and must outlive the context.
  Context(System& system, Allowances& allowances) : Context(system, &allowances) {}
  // Makes a context with standard limits of its own.
  explicit Context(System& system) : Context(system, nullptr) {}
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // These do not change while the program runs.
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // texts of the form NAME=VALUE

  [[nodiscard]] System& system() const { return system_; }
  ThreadGroup& threads() { return threads_; }
  Allowances& allowances() { return allowances_; }
  // The status with which proc_exit was called, if a call of proc_exit has ended the program.
  [[nodiscard]] std::optional<uint32_t> exit_status() { return threads_.exit_status(); }

  // The programs that this one has started; null if it may not start any. The capability is given before the program
  // runs.
  [[nodiscard]] Children* children() { return children_.get(); }
  void set_children(std::unique_ptr<Children> children);
  // What is not 0 when the program was asked to stop; null if nobody can ask it.
  [[nodiscard]] const std::atomic<uint32_t>* stop_flag() const { return stop_flag_; }
  void set_stop_flag(const std::atomic<uint32_t>& flag) { stop_flag_ = &flag; }

  // A program expects its standard streams as descriptors 0, 1 and 2 and its preopened directories after them, so
  // callers add them in this order. Both functions return false if there is no room for one more descriptor.
  [[nodiscard]] bool add_stream(std::unique_ptr<File> file, FileType type);
  [[nodiscard]] bool add_preopen(std::unique_ptr<Directory> directory, std::string guest_path);
  // Adds a descriptor that another program may share.
  [[nodiscard]] bool add(Ref<Descriptor> descriptor);

  // Returns the open descriptor if it has at least the given rights; otherwise Errno::badf or Errno::notcapable.
  WasiResult<Ref<Descriptor>> get(uint32_t fd, uint64_t rights);
  WasiResult<Ref<Descriptor>> get_file(uint32_t fd, uint64_t rights);       // Errno::isdir for directories
  WasiResult<Ref<Descriptor>> get_directory(uint32_t fd, uint64_t rights);  // Errno::notdir for files

  // A number that is kept free for a descriptor until the object is destroyed.
  class Reservation {
   public:
    Reservation(Context& context, uint32_t fd) : context_(&context), fd_(fd) {}
    ~Reservation() {
      if (context_ != nullptr) context_->end_reservation(fd_, {});
    }
    Reservation(Reservation&& other) noexcept : context_(std::exchange(other.context_, nullptr)), fd_(other.fd_) {}
    Reservation& operator=(Reservation&&) = delete;

    [[nodiscard]] uint32_t fd() const { return fd_; }
    // Gives the number to the descriptor.
    void insert(Ref<Descriptor> descriptor) && {
      std::exchange(context_, nullptr)->end_reservation(fd_, std::move(descriptor));
    }

   private:
    Context* context_;
    uint32_t fd_;
  };
  // Reserves the lowest free number. Fails with Errno::mfile or Errno::nomem.
  WasiResult<Reservation> reserve();

  // close() and renumber() return Errno::badf if no descriptor has a number that they are given.
  Errno close(uint32_t fd);
  // Moves descriptor `from` to the number `to`, whose own descriptor is closed.
  Errno renumber(uint32_t from, uint32_t to);
  // Reduces the rights of a descriptor to these. Returns Errno::notcapable if it lacks one of them.
  Errno restrict_rights(uint32_t fd, uint64_t rights, uint64_t inheriting);

  // Calls `f` while no other thread of the program is in this function. A thread that writes at the end of a file asks
  // for the file's size and writes there in one call.
  template <class F>
  decltype(auto) while_appending(F&& f) {
    return append_.with([&](Append&) -> decltype(auto) { return std::forward<F>(f)(); });
  }

 private:
  struct Slot {
    Ref<Descriptor> descriptor;
    bool is_reserved = false;
  };
  struct Table {
    [[nodiscard]] Descriptor* find(uint32_t fd) const {
      return fd < slots.size() ? slots[fd].descriptor.get() : nullptr;
    }
    TryVector<Slot> slots;
  };
  struct Append {};

  Context(System& system, Allowances* allowances);
  Allowance& descriptors() { return allowances_[Limit::descriptors]; }
  void end_reservation(uint32_t fd, Ref<Descriptor> descriptor);

  System& system_;
  std::optional<Allowances> own_allowances_;
  Allowances& allowances_;
  ThreadGroup threads_;
  std::unique_ptr<Children> children_;
  const std::atomic<uint32_t>* stop_flag_ = nullptr;
  runtime::Guarded<Append, LockRank::file_append> append_;
  runtime::Guarded<Table, LockRank::descriptors> table_;
};

// Makes a descriptor; null if there is no memory.
inline Ref<Descriptor> make_descriptor() {
  auto* const made = new (std::nothrow) Descriptor;
  return made == nullptr ? Ref<Descriptor>() : Ref<Descriptor>(made);
}

}  // namespace cairn::wasi
