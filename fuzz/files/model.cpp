#include "files/model.hpp"

#include <algorithm>

namespace cairn::fuzz {

using wasi::Errno;
using wasi::FileType;
namespace rights = wasi::rights;

namespace {
// dump() hashes at most this number of bytes of a file. It must be equal to kHashed in sequence.cpp.
constexpr uint64_t kHashed = uint64_t{300} << 10;
constexpr size_t kLongestName = 255, kLongestPath = 4095;  // in bytes, as on Linux
}  // namespace

Model::Model() {
  nodes_.push_back({.links = 2});
  open_[3] = {.node = 0, .is_directory = true, .rights = rights::directory};
}

int Model::child(int directory, const std::string& name) const {
  const auto& entries = nodes_[directory].entries;
  const auto found = entries.find(name);
  return found == entries.end() ? -1 : found->second;
}

// Takes the same steps as Linux's fs/namei.c, but a path that leaves `base` gives Errno::notcapable.
Model::Place Model::walk(int base, const std::string& path, Ending ending) const {
  std::vector<int> way{base};  // the directories from `base` to the current one
  std::string rest = path;
  bool must_be_directory = false;
  for (int links = 0;;) {
    if (rest.empty()) return {.error = Errno::noent};
    if (rest.size() > kLongestPath && links == 0) return {.error = Errno::nametoolong};
    if (rest[0] == '/') return {.error = Errno::notcapable};
    // Walks all components but the last.
    std::string last;
    bool slash = false;
    std::string followed;
    for (;;) {
      const size_t end = std::min(rest.find('/'), rest.size());
      const std::string component = rest.substr(0, end);
      const size_t next = rest.find_first_not_of('/', end);
      const bool is_last = next == std::string::npos;
      slash = end < rest.size();
      rest = is_last ? "" : rest.substr(next);
      if (is_last) {
        last = component;
        break;
      }
      if (component == ".") continue;
      if (component == "..") {
        if (way.size() == 1) return {.error = Errno::notcapable};
        way.pop_back();
        continue;
      }
      if (component.size() > kLongestName) return {.error = Errno::nametoolong};
      const int next_node = child(way.back(), component);
      if (next_node < 0) return {.error = Errno::noent};
      const Node& node = nodes_[next_node];
      if (node.type == FileType::symbolic_link) {
        if (++links > 40) return {.error = Errno::loop};
        followed = node.target + "/" + rest;
        break;
      }
      if (!node.is_directory()) return {.error = Errno::notdir};
      way.push_back(next_node);
    }
    if (!followed.empty()) {
      rest = followed;
      if (rest[0] == '/') return {.error = Errno::notcapable};
      continue;
    }
    must_be_directory = must_be_directory || slash;
    Place place{.directory = way.back(), .last = last, .slash = must_be_directory};
    if (last == "..") {
      if (way.size() == 1) return {.error = Errno::notcapable};
      if (ending != Ending::parent) {
        way.pop_back();
        place = {.directory = way.back(), .last = ".", .slash = true};
      }
      return place;
    }
    if (last == ".") {
      place.slash = true;
      return place;
    }
    if (last.size() > kLongestName) return {.error = Errno::nametoolong};
    if (ending == Ending::parent) return place;
    const bool creates = ending == Ending::create_keep || ending == Ending::create_follow;
    if (creates && slash) return {.error = Errno::isdir};
    const bool follows = ending == Ending::follow || ending == Ending::create_follow || must_be_directory;
    const int node = child(way.back(), last);
    if (!follows || node < 0 || nodes_[node].type != FileType::symbolic_link) return place;
    if (++links > 40) return {.error = Errno::loop};
    rest = nodes_[node].target;
  }
}

int Model::node_at(Place& place) const {
  const int node = place.is_name() ? child(place.directory, place.last) : place.directory;
  if (node < 0) {
    place.error = Errno::noent;
  } else if (place.slash && !nodes_[node].is_directory()) {
    place.error = Errno::notdir;
  }
  return place.error == Errno::success ? node : -1;
}

Errno Model::directory_of(uint32_t fd, uint64_t needed, int& node) const {
  if (fd < 3) return Errno::notdir;
  const auto found = open_.find(fd);
  if (found == open_.end()) return Errno::badf;
  if (!found->second.is_directory) return Errno::notdir;
  if ((found->second.rights & needed) != needed) return Errno::notcapable;
  node = found->second.node;
  return Errno::success;
}

Errno Model::file_of(uint32_t fd, uint64_t needed, bool, Open*& open) {
  const auto found = open_.find(fd);
  if (found == open_.end()) return Errno::badf;
  if (found->second.is_directory) return Errno::isdir;
  if ((found->second.rights & needed) != needed) return Errno::notcapable;
  open = &found->second;
  return Errno::success;
}

int Model::add(int directory, const std::string& name, FileType type) {
  nodes_.push_back({.type = type, .links = 1});
  const int node = static_cast<int>(nodes_.size()) - 1;
  nodes_[directory].entries[name] = node;
  if (type == FileType::directory) {
    nodes_[node].links = 2;
    nodes_[node].parent = directory;
    ++nodes_[directory].links;
  }
  return node;
}

void Model::remove_name(int directory, const std::string& name) {
  const int node = child(directory, name);
  nodes_[directory].entries.erase(name);
  if (nodes_[node].is_directory()) {
    nodes_[node].links = 0;
    nodes_[node].parent = -1;
    --nodes_[directory].links;
  } else {
    --nodes_[node].links;
  }
}

std::string Model::dump() const {
  std::string text;
  std::vector<std::pair<std::string, int>> pending;
  pending.emplace_back("", 0);
  while (!pending.empty()) {
    const auto [path, number] = pending.back();
    pending.pop_back();
    const Node& node = nodes_[number];
    text += path + ": " + stat(number).text + " " + node.target;
    if (node.type == FileType::regular_file) {
      uint64_t hash = 0;
      uint64_t count = 0;
      for (const auto& [at, byte] : node.bytes) {
        if (at >= kHashed) break;
        hash = (hash * 31 + at) * 31 + static_cast<unsigned char>(byte);
        ++count;
      }
      text += " bytes " + std::to_string(count) + " hash " + std::to_string(hash);
    }
    text += "\n";
    for (const auto& [name, inner] : node.entries) pending.emplace_back(path + "/" + name, inner);
  }
  return text;
}

}  // namespace cairn::fuzz
