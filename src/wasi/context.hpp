// The environment of a WASI program (arguments, environment variables, exit status), and its table of file descriptors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/try_vector.hpp"
#include "wasi/interface/file.hpp"

namespace cairn::wasi {

// An open descriptor. Exactly one of file and directory is set.
struct Descriptor {
  std::unique_ptr<File> file;
  std::unique_ptr<Directory> directory;
  FileType type = FileType::unknown;
  uint64_t offset = 0;  // file position; unused for streams
  uint16_t flags = 0;   // bits of namespace fdflags
  uint64_t rights = 0;
  uint64_t inheriting_rights = 0;
  std::optional<std::string> preopen;  // the name of a preopened directory, as the guest sees it
};

class Context {
 public:
  static constexpr uint32_t kMaximumDescriptors = 4096;

  explicit Context(System& system) : system_(system) {}

  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // texts of the form NAME=VALUE
  std::optional<uint32_t> exit_status;   // set by proc_exit

  [[nodiscard]] System& system() const { return system_; }

  // A program expects its standard streams as descriptors 0, 1 and 2 and its preopened directories after them, so
  // callers add them in this order. Both functions return false if there is no room for one more descriptor.
  [[nodiscard]] bool add_stream(std::unique_ptr<File> file, FileType type);
  [[nodiscard]] bool add_preopen(std::unique_ptr<Directory> directory, std::string guest_path);

  // Returns the open descriptor if it has at least the given rights; otherwise Errno::badf or Errno::notcapable.
  WasiResult<Descriptor*> get(uint32_t fd, uint64_t rights);
  WasiResult<Descriptor*> get_file(uint32_t fd, uint64_t rights);       // Errno::isdir for directories
  WasiResult<Descriptor*> get_directory(uint32_t fd, uint64_t rights);  // Errno::notdir for files
  // Returns the lowest free number and makes room for a descriptor there. Fails with Errno::mfile or Errno::nomem. The
  // number stays free until insert().
  WasiResult<uint32_t> reserve();
  // Opens `fd`, a number that reserve() has returned.
  void insert(uint32_t fd, std::unique_ptr<Descriptor> descriptor);
  // Both functions return Errno::badf if a number is not open.
  Errno close(uint32_t fd);
  // Moves descriptor `from` to the number `to`, whose own descriptor is closed.
  Errno renumber(uint32_t from, uint32_t to);

 private:
  [[nodiscard]] Descriptor* find(uint32_t fd) const {
    return fd < descriptors_.size() ? descriptors_[fd].get() : nullptr;
  }
  bool add(std::unique_ptr<Descriptor> descriptor);

  System& system_;
  TryVector<std::unique_ptr<Descriptor>> descriptors_;
};

}  // namespace cairn::wasi
