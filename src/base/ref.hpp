// Shared ownership by a counter inside the object, for the few things that several owners keep alive (a compiled
// module).
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace cairn {

class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

 protected:
  ~RefCounted() = default;
  // The number of references. Other threads may change it at any time.
  [[nodiscard]] uint32_t use_count() const { return references_.load(std::memory_order_acquire); }

 private:
  template <class T>
  friend class Ref;
  mutable std::atomic<uint32_t> references_{0};
};

// A reference to a T, which derives from RefCounted.
template <class T>
class Ref {
 public:
  Ref() = default;
  // Takes a share in an object made by `new`; the last share deletes it.
  explicit Ref(T* object) : object_(object) { retain(); }
  Ref(const Ref& other) : object_(other.object_) { retain(); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr && object_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete object_;
  }

  // Makes an object by `new` and returns the first share in it.
  template <class... Args>
  static Ref make(Args&&... args) {
    return Ref(new T(std::forward<Args>(args)...));
  }

  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  [[nodiscard]] T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const Ref&) const = default;

 private:
  void retain() {
    if (object_ != nullptr) object_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  T* object_ = nullptr;
};

}  // namespace cairn
