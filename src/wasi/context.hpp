// What a WASI program is given, and its table of file descriptors.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wasi/file.hpp"

namespace cairn::wasi {

// An open descriptor. Exactly one of file and directory is set.
struct Descriptor {
  std::unique_ptr<File> file;
  std::unique_ptr<Directory> directory;
  FileType type = FileType::unknown;
  uint64_t offset = 0;  // of files that are not streams
  uint16_t flags = 0;   // fdflags
  uint64_t rights = 0;
  uint64_t inheriting_rights = 0;
  std::optional<std::string> preopen;  // the name under which the guest was given it
  // fd_readdir: the listing that cookies refer to, made when reading starts at cookie 0.
  std::vector<DirectoryEntry> listing;
};

class Context {
 public:
  static constexpr uint32_t kMaximumDescriptors = 4096;

  explicit Context(System& system) : system_(system) {}

  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // K=V
  std::optional<uint32_t> exit_status;   // set by proc_exit

  [[nodiscard]] System& system() const { return system_; }

  // Descriptors 0, 1, 2 in this order, then preopened directories.
  void add_stream(std::unique_ptr<File> file, FileType type);
  void add_preopen(std::unique_ptr<Directory> directory, std::string guest_path);

  // The open descriptor with at least the given rights; Errno::badf or Errno::notcapable.
  WasiResult<Descriptor*> get(uint32_t fd, uint64_t rights);
  WasiResult<Descriptor*> get_file(uint32_t fd, uint64_t rights);       // Errno::isdir for directories
  WasiResult<Descriptor*> get_directory(uint32_t fd, uint64_t rights);  // Errno::notdir for others
  // The lowest free number.
  WasiResult<uint32_t> insert(Descriptor descriptor);
  Errno close(uint32_t fd);
  Errno renumber(uint32_t from, uint32_t to);

 private:
  System& system_;
  std::vector<std::optional<Descriptor>> descriptors_;
};

}  // namespace cairn::wasi
