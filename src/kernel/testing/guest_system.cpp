#include "kernel/testing/guest_system.hpp"

#include <utility>

#include "kernel/fibers/fiber.hpp"
#include "kernel/log/log.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {

std::unique_ptr<GuestSystem> GuestSystem::create(const std::string& text) {
  auto system = std::make_unique<GuestSystem>();
  auto bytes = wasm::text::assemble(text, "guest");
  if (!bytes) {
    log_error(Subsystem::test, "guests: ", bytes.error().to_string());
    return nullptr;
  }
  system->bytes_ = *std::move(bytes);
  system->bundle_.modules.emplace_back(system->bytes_);
  system->program_.config.name = "guest";
  auto supervisor = Supervisor::create(system->bundle_);
  if (!supervisor) {
    log_error(Subsystem::test, "guests: ", supervisor.error().to_string());
    return nullptr;
  }
  system->supervisor_ = *std::move(supervisor);
  return system;
}

bool GuestSystem::start(uint64_t weight) {
  program_.config.weight = weight;
  return supervisor_->start_another(program_, {}).has_value();
}

bool GuestSystem::wait() {
  bool good = true;
  while (count() != 0) {
    good &= supervisor_->wait(0, Fiber::kNever) && supervisor_->status(0).status == 0;
    supervisor_->forget(0);
  }
  return good;
}

void GuestSystem::kill() {
  for (size_t i = 0; i < count(); ++i) supervisor_->kill(i);
  (void)wait();
}

bool GuestSystem::run(size_t programs) {
  bool good = true;
  for (size_t i = 0; i < programs; ++i) good &= start();
  return wait() && good;
}

}  // namespace cairn::kernel
