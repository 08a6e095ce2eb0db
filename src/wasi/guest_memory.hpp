// A guest's linear memory as WASI functions see it (INV-16): every pointer is checked, and every number is
// little-endian.
//
// Other threads of the guest may write the memory at any moment, so no checked byte may be read a second time.
// Therefore GuestMemory gives out no pointers into guest memory, except for bulk transfers. A function first copies out
// what it examines (load, copy_in, text, Record), and each byte is loaded once. File data are not examined: they go
// through a GuestSpan, which is the source or target of one bulk transfer.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/try_string.hpp"
#include "wasi/interface/types.hpp"

namespace cairn::wasi {

using Pointer = uint32_t;  // an address in the guest's memory, in bytes from its start

// Reports each load from guest memory to tests. Only tests install one.
class LoadObserver {
 public:
  virtual void loaded(Pointer at, uint64_t length) = 0;      // called after the load
  virtual void given_away(Pointer at, uint64_t length) = 0;  // called before a bulk transfer reads the bytes

 protected:
  ~LoadObserver() = default;
};

// A place in guest memory that is handed out once, to a transfer that reads or writes each of its bytes once.
class GuestSpan {
 public:
  GuestSpan(GuestSpan&&) noexcept = default;
  GuestSpan& operator=(GuestSpan&&) noexcept = default;
  GuestSpan(const GuestSpan&) = delete;
  GuestSpan& operator=(const GuestSpan&) = delete;

  [[nodiscard]] size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  // The caller must not read back the bytes that it writes there.
  [[nodiscard]] std::span<std::byte> as_target() && { return bytes_; }
  // The caller must not examine the bytes that it reads there, and must not read them again.
  [[nodiscard]] std::span<const std::byte> as_source() && {
    if (observer_ != nullptr) observer_->given_away(at_, bytes_.size());
    return bytes_;
  }

 private:
  friend class GuestMemory;
  GuestSpan(std::span<std::byte> bytes, Pointer at, LoadObserver* observer)
      : bytes_(bytes), at_(at), observer_(observer) {}

  std::span<std::byte> bytes_;
  Pointer at_;
  LoadObserver* observer_;
};

// The linear memory during one call of a WASI function. Its size is the one that the memory had when the call began.
class GuestMemory {
 public:
  explicit GuestMemory(std::span<std::byte> bytes, LoadObserver* observer = nullptr)
      : bytes_(bytes), observer_(observer) {}

  // Returns Errno::fault when the place is not in the memory.
  [[nodiscard]] Errno check(Pointer at, uint64_t length) const {
    return at > bytes_.size() || length > bytes_.size() - at ? Errno::fault : Errno::success;
  }

  [[nodiscard]] Errno copy_in(std::span<std::byte> to, Pointer at) const {
    if (check(at, to.size()) != Errno::success) return Errno::fault;
    if (to.empty()) return Errno::success;
    std::memcpy(to.data(), bytes_.data() + at, to.size());
    // The compiler must not load the bytes a second time.
    asm volatile("" ::: "memory");
    if (observer_ != nullptr) observer_->loaded(at, to.size());
    return Errno::success;
  }
  [[nodiscard]] Errno copy_out(Pointer at, std::span<const std::byte> from) const {
    if (check(at, from.size()) != Errno::success) return Errno::fault;
    if (!from.empty()) std::memcpy(bytes_.data() + at, from.data(), from.size());
    return Errno::success;
  }

  template <std::integral T>
  [[nodiscard]] WasiResult<T> load(Pointer at) const {
    T value;
    if (const Errno error = copy_in(std::as_writable_bytes(std::span(&value, 1)), at); error != Errno::success) {
      return std::unexpected(error);
    }
    return value;
  }
  template <std::integral T>
  [[nodiscard]] Errno store(Pointer at, T value) const {
    return copy_out(at, std::as_bytes(std::span(&value, 1)));
  }

  // Returns a copy of a string. Fails with Errno::nametoolong when it has more than `maximum` bytes, and with
  // Errno::nomem when there is no memory for the copy.
  [[nodiscard]] WasiResult<TryString> text(Pointer at, uint64_t length, size_t maximum) const;

  // Returns a place for one bulk transfer.
  [[nodiscard]] WasiResult<GuestSpan> span(Pointer at, uint64_t length) const {
    if (const Errno error = check(at, length); error != Errno::success) return std::unexpected(error);
    return GuestSpan(bytes_.subspan(at, length), at, observer_);
  }

 private:
  std::span<std::byte> bytes_;
  LoadObserver* observer_;
};

// A copy of a record in guest memory. A function composes the record here and then writes all of it to the guest, or
// reads it from the guest in one copy and then decodes it. N is the record's size in bytes.
template <size_t N>
class Record {
 public:
  template <std::integral T>
  void set(size_t offset, T value) {
    static_assert(sizeof(T) <= N);
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  template <std::integral T>
  [[nodiscard]] T get(size_t offset) const {
    static_assert(sizeof(T) <= N);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  [[nodiscard]] Errno write(const GuestMemory& memory, Pointer at) const { return memory.copy_out(at, bytes_); }
  // Reads the first `size` bytes.
  [[nodiscard]] Errno read(const GuestMemory& memory, Pointer at, size_t size = N) {
    return memory.copy_in(std::span(bytes_).first(size), at);
  }

 private:
  std::array<std::byte, N> bytes_{};
};

}  // namespace cairn::wasi
