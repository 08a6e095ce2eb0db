// Interrupts of devices: lines through the platform-level interrupt controller (PLIC), or through the advanced one
// (APLIC), which sends each as a message to a hart's message controller (IMSIC). The device tree says which there is.
#include <array>
#include <atomic>
#include <optional>

#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/boot_tree.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

using Node = DeviceTree::Node;

constexpr uint32_t kSources = 1024;         // lines have numbers below this one, on both kinds of controllers
constexpr uint32_t kExternalInterrupt = 9;  // the number of supervisor external interrupts [riscv-priv 10.1.3]

enum class Kind : uint8_t { none, plic, messages };

// All are changed only while the kernel starts. The hart that boots reads them when it takes an interrupt.
constinit Kind kind = Kind::none;
constinit volatile std::byte* registers = nullptr;  // of the PLIC, or of the APLIC
constinit uint32_t place = 0;                       // the boot hart's context at the PLIC, or its index at the IMSICs
constinit uint32_t sources = 0;                     // lines have numbers from 1 to less than this one
constinit std::array<std::atomic<InterruptHandler*>, kSources> handlers{};

volatile uint32_t& reg(uint64_t offset) { return *reinterpret_cast<volatile uint32_t*>(registers + offset); }

// The PLIC's registers [plic 3]: `enable` and `claim` exist once for each context.
uint64_t plic_priority(uint32_t source) { return 4 * uint64_t{source}; }
uint64_t plic_enable(uint32_t source) { return 0x2000 + 0x80 * uint64_t{place} + source / 32 * 4; }
uint64_t plic_threshold() { return 0x20'0000 + 0x1000 * uint64_t{place}; }
uint64_t plic_claim() { return plic_threshold() + 4; }

// The APLIC's registers [aia 4.5].
constexpr uint64_t kDomainConfiguration = 0;
uint64_t aplic_source(uint32_t source) { return 4 * uint64_t{source}; }
uint64_t aplic_target(uint32_t source) { return 0x3000 + 4 * uint64_t{source}; }
uint64_t aplic_input(uint32_t source) { return 0x1d00 + source / 32 * 4; }
constexpr uint64_t kSetPending = 0x1cdc, kSetEnabled = 0x1edc;

// Registers of the hart's IMSIC, which siselect chooses [aia 3.8]. On RV64, kEnabled + 2 * n has the bits of the
// messages from 64 * n on.
constexpr uint64_t kDelivery = 0x70, kThreshold = 0x72, kEnabled = 0xc0;
void write_imsic(uint64_t index, uint64_t value) {
  CAIRN_CSR_WRITE(0x150, index);  // siselect
  CAIRN_CSR_WRITE(0x151, value);  // sireg
}
uint64_t read_imsic(uint64_t index) {
  CAIRN_CSR_WRITE(0x150, index);
  return CAIRN_CSR_READ(0x151);
}

uint32_t cell(std::span<const std::byte> cells, size_t index) { return load_big_endian32(cells.subspan(index * 4)); }

// Returns the handle of the boot hart's interrupt controller, by which other nodes refer to the hart.
std::optional<uint64_t> handle_of_boot_hart(const Node& root) {
  const auto cpus = root.child("cpus");
  for (auto cpu = cpus ? cpus->first_child() : std::nullopt; cpu; cpu = cpu->next_sibling()) {
    if (cpu->text("device_type") != "cpu" || cpu->number("reg") != boot_cpu().hardware_id) continue;
    const auto controller = cpu->child("interrupt-controller");
    return controller ? controller->number("phandle") : std::nullopt;
  }
  return std::nullopt;
}

// Returns the index of the boot hart's external interrupt in the list of (hart's controller, interrupt) to which a
// controller is wired.
std::optional<uint32_t> index_of_boot_hart(const Node& root, const Node& controller) {
  const auto hart = handle_of_boot_hart(root);
  const auto list = controller.property("interrupts-extended");
  if (!hart || !list) return std::nullopt;
  for (uint32_t i = 0; (i + 1) * 8 <= list->size(); ++i) {
    if (cell(*list, 2 * i) == *hart && cell(*list, 2 * i + 1) == kExternalInterrupt) return i;
  }
  return std::nullopt;
}

// Maps the controller's registers, which must reach up to `end`.
bool map_controller(const Node& soc, const Node& node, uint64_t end) {
  const auto range = node.reg(soc);
  if (!range || range->size < end) return false;
  const auto mapped = map_device(*range);
  if (mapped) registers = *mapped;
  return mapped.has_value();
}

bool start_plic(const Node& root, const Node& soc, const Node& node) {
  const auto context = index_of_boot_hart(root, node);
  if (!context) return false;
  place = *context;
  if (!map_controller(soc, node, plic_claim() + 4)) return false;
  sources = static_cast<uint32_t>(std::min<uint64_t>(node.number("riscv,ndev").value_or(0) + 1, kSources));
  for (uint32_t source = 0; source < sources; source += 32) reg(plic_enable(source)) = 0;
  reg(plic_threshold()) = 0;
  kind = Kind::plic;
  return true;
}

// `node` is the APLIC, whose messages go to `imsics`.
bool start_aplic(const Node& root, const Node& soc, const Node& node, const Node& imsics) {
  const auto index = index_of_boot_hart(root, imsics);
  const uint64_t messages = imsics.number("riscv,num-ids").value_or(0);
  // Harts in groups have indexes of another form, which needs more than this list [aia 3.6].
  if (!index || imsics.number("riscv,group-index-bits").value_or(0) != 0) return false;
  place = *index;
  sources = static_cast<uint32_t>(
      std::min({node.number("riscv,num-sources").value_or(0) + 1, messages + 1, uint64_t{kSources}}));
  if (!map_controller(soc, node, aplic_target(sources))) return false;
  constexpr uint32_t kEnable = 1 << 8, kSendsMessages = 1 << 2;
  reg(kDomainConfiguration) = kEnable | kSendsMessages;
  write_imsic(kThreshold, 0);
  write_imsic(kDelivery, 1);
  kind = Kind::messages;
  return true;
}

bool start_controller(const Node& root, const Node& soc) {
  for (auto node = soc.first_child(); node; node = node->next_sibling()) {
    if (node->compatible("riscv,plic0") && start_plic(root, soc, *node)) return true;
    if (!node->compatible("riscv,aplic")) continue;
    for (auto other = soc.first_child(); other; other = other->next_sibling()) {
      if (!other->compatible("riscv,imsics") || node->number("msi-parent") != other->number("phandle")) continue;
      if (start_aplic(root, soc, *node, *other)) return true;
    }
  }
  return false;
}

void call_handler(uint32_t source) {
  InterruptHandler* const handler = source < kSources ? handlers[source].load() : nullptr;
  if (handler != nullptr) {
    handler->handle_interrupt();
  } else {
    this_cpu().spurious_interrupts.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

namespace machine {

void start_interrupts(const BootInfo& info) {
  const auto tree = boot_tree(info);
  const auto root = tree ? tree->root() : std::nullopt;
  const auto soc = root ? root->child("soc") : std::nullopt;
  if (!soc || !start_controller(*root, *soc)) {
    log_warning(Subsystem::devices, "interrupts: there is no controller that the kernel can use; devices are polled");
    return;
  }
  log_debug(Subsystem::devices, "interrupts: ", kind == Kind::plic ? "PLIC, context " : "APLIC and IMSIC, hart index ",
            place, ", ", sources - 1, " lines");
  CAIRN_CSR_SET(sie, 1 << kExternalInterrupt);
}

bool connect_line(InterruptLine line, InterruptHandler& handler) {
  const uint32_t source = line.number;
  InterruptHandler* none = nullptr;
  if (kind == Kind::none || source == 0 || source >= sources) return false;
  if (!handlers[source].compare_exchange_strong(none, &handler)) return false;  // another device has the line
  if (kind == Kind::plic) {
    reg(plic_priority(source)) = 1;
    reg(plic_enable(source)) = reg(plic_enable(source)) | uint32_t{1} << source % 32;
    return true;
  }
  // The message has the number of the line.
  write_imsic(kEnabled + source / 64 * 2, read_imsic(kEnabled + source / 64 * 2) | uint64_t{1} << source % 64);
  constexpr uint32_t kRisingEdge = 4, kHighLevel = 6;  // modes of a source [aia 4.5.2]
  reg(aplic_source(source)) = line.trigger == Trigger::edge ? kRisingEdge : kHighLevel;
  reg(aplic_target(source)) = place << 18 | source;
  reg(kSetEnabled) = source;
  return true;
}

// The PLIC requests an interrupt again after its completion if the line is still high. The APLIC sends another message
// when the line rises. If it has not fallen, the kernel sets the line's pending bit, which sends another message
// [aia 4.9.2].
void handle_external_interrupts() {
  if (kind == Kind::plic) {
    while (const uint32_t source = reg(plic_claim())) {
      call_handler(source);
      reg(plic_claim()) = source;
    }
    return;
  }
  for (;;) {
    uint64_t top;  // reading and writing the CSR stopei takes the most important message [aia 3.10]
    asm volatile("csrrw %0, 0x15c, zero" : "=r"(top) : : "memory");
    const auto source = static_cast<uint32_t>(top >> 16);
    if (source == 0) return;
    call_handler(source);
    if ((reg(aplic_input(source)) >> source % 32 & 1) != 0) reg(kSetPending) = source;
  }
}

}  // namespace machine
}  // namespace cairn::kernel
