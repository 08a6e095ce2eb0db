// A fiber that runs a function, for tests.
#pragma once

#include <functional>
#include <utility>

#include "kernel/fibers/fiber.hpp"

namespace cairn::kernel {

class FunctionFiber final : public Fiber {
 public:
  explicit FunctionFiber(std::function<void()> body) : body_(std::move(body)) {}

 private:
  void run() override { body_(); }

  std::function<void()> body_;
};

}  // namespace cairn::kernel
