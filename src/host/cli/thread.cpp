#include "host/cli/thread.hpp"

#include <pthread.h>

#include <memory>

#include "base/assert.hpp"

namespace cairn::cli {

std::function<void()> start_thread(std::function<void()> body) {
  // The usual size of a main thread's stack. The compiler recurses as deep as modules nest.
  constexpr size_t kStackBytes = size_t{8} << 20;
  const auto run = [](void* raw) -> void* {
    const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(raw));
    (*owned)();
    return nullptr;
  };
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  pthread_attr_t attributes;
  CAIRN_ASSERT(pthread_attr_init(&attributes) == 0);
  CAIRN_ASSERT(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
  pthread_t thread;
  CAIRN_ASSERT(pthread_create(&thread, &attributes, run, owned.get()) == 0);
  (void)owned.release();  // the new thread frees it
  pthread_attr_destroy(&attributes);
  return [thread] { CAIRN_ASSERT(pthread_join(thread, nullptr) == 0); };
}

}  // namespace cairn::cli
