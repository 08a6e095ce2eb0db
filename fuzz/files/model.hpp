// A model of a file system under WASI's functions. It is as simple as possible: it consists of maps and strings, and
// follows Linux's rules in Linux's order. The other file systems must give the same answers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "files/world.hpp"

namespace cairn::fuzz {

class Model {
 public:
  Model();
  // Performs an operation completely.
  Outcome perform(const Operation& op);
  // Performs a write that stopped after `count` bytes.
  void perform_write(const Operation& op, uint64_t count);
  // Returns a line for each name, with the attributes of its file and a hash of the contents (of the beginning of long
  // contents).
  [[nodiscard]] std::string dump() const;

 private:
  struct Node {
    wasi::FileType type = wasi::FileType::directory;
    uint64_t links = 0;
    std::map<uint64_t, char> bytes;  // the bytes that are not zero, by their offsets
    uint64_t size = 0;
    std::string target;
    std::map<std::string, int> entries;
    int parent = -1;
    uint64_t access_time = 0, modification_time = 0;
    [[nodiscard]] bool is_directory() const { return type == wasi::FileType::directory; }
  };
  struct Open {
    int node = -1;
    bool is_directory = false;
    uint64_t rights = 0, offset = 0;
    bool appends = false;  // whether writes go to the end of the file
  };
  // The result of walking along a path: the last component, and the directory that contains it. The component is "."
  // for the directory itself.
  struct Place {
    wasi::Errno error = wasi::Errno::success;
    int directory = -1;
    std::string last;
    bool slash = false;  // whether the path, or the last link on it, ends in a slash
    [[nodiscard]] bool is_name() const { return last != "." && last != ".."; }
  };
  // What a walk does with the last component: it stops before the component (parent), or looks it up and keeps or
  // follows a link. With create_keep and create_follow, the operation may create a file there.
  enum class Ending : uint8_t { parent, keep, follow, create_keep, create_follow };

  // Walks along a path that begins at the directory `base`. A path that leaves `base` is an error.
  Place walk(int base, const std::string& path, Ending ending) const;
  // Returns the node at a place, or -1 and sets the place's error.
  int node_at(Place& place) const;
  // Returns the node with this name in a directory, or -1.
  [[nodiscard]] int child(int directory, const std::string& name) const;
  // These two functions find the directory or the file that descriptor `fd` names. They return an error if the
  // descriptor lacks some of the rights.
  wasi::Errno directory_of(uint32_t fd, uint64_t rights, int& node) const;
  wasi::Errno file_of(uint32_t fd, uint64_t rights, bool seeks, Open*& open);
  // Adds a new node with this name to a directory, and returns the node.
  int add(int directory, const std::string& name, wasi::FileType type);
  // Removes the name from a directory, and the link from its node.
  void remove_name(int directory, const std::string& name);

  // Finds the directory of op.path's last component.
  wasi::Errno parent_of(const Operation& op, uint64_t rights, Place& place) const;
  // Returns the node at op.path, or -1 and sets the error of `place`.
  int look_up(const Operation& op, uint64_t rights, bool follow, Place& place) const;
  // Returns Errno::success if a new name may be made at the place, otherwise the reason why it may not.
  [[nodiscard]] wasi::Errno may_make(const Place& place, bool directory) const;

  // Each of these performs one kind of operation.
  Outcome create_directory(const Operation& op);
  Outcome symlink(const Operation& op);
  Outcome remove_directory(const Operation& op);
  Outcome unlink(const Operation& op);
  Outcome readlink(const Operation& op);
  Outcome set_size(const Operation& op);
  Outcome allocate(const Operation& op);
  Outcome stat_path(const Operation& op);
  Outcome times_path(const Operation& op);
  Outcome stat_descriptor(const Operation& op);
  Outcome set_flags(const Operation& op);
  Outcome renumber(const Operation& op);
  Outcome open(const Operation& op);
  wasi::Errno rename(const Operation& op);
  wasi::Errno link(const Operation& op);
  Outcome read(const Operation& op);
  Outcome write(const Operation& op, std::optional<uint64_t> limit);
  Outcome seek(const Operation& op);
  Outcome list(const Operation& op);
  [[nodiscard]] Outcome stat(int node) const;

  std::vector<Node> nodes_;
  std::map<uint32_t, Open> open_;
};

}  // namespace cairn::fuzz
