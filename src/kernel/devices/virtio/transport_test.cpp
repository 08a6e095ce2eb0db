#include "kernel/devices/virtio/transport.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cairn::kernel::virtio {
namespace {

constexpr uint8_t kFeaturesOk = 8, kFailed = 128;

// A device that keeps what the driver has written to its status.
class RecordingDevice final : public Transport {
 public:
  explicit RecordingDevice(uint64_t features) : features_(features) {}

  [[nodiscard]] DeviceType type() const override { return DeviceType::entropy; }
  void set_status(uint8_t status) override {
    written.push_back(status);
    status_ = refuses ? static_cast<uint8_t>(status & ~kFeaturesOk) : status;
  }
  [[nodiscard]] uint8_t status() const override { return status_; }
  [[nodiscard]] uint64_t device_features() const override { return features_; }
  void set_driver_features(uint64_t features) override { chosen = features; }
  [[nodiscard]] uint16_t largest_queue(uint16_t) const override { return 0; }
  void enable_queue(uint16_t, uint16_t, const QueueAddresses&) override {}
  void notify(uint16_t) override {}
  [[nodiscard]] bool connect(InterruptHandler&) override { return false; }
  [[nodiscard]] uint32_t config32(uint32_t) const override { return 0; }

  // The driver resets the device first, and then only adds bits to its status.
  void expect_only_more() const {
    ASSERT_FALSE(written.empty());
    EXPECT_EQ(written[0], 0);
    for (size_t i = 1; i < written.size(); ++i) {
      const unsigned kept = refuses ? ~unsigned{kFeaturesOk} : ~0u;
      EXPECT_EQ(written[i - 1] & ~written[i] & kept, 0u) << i;
    }
  }

  bool refuses = false;  // whether the device does not take the features
  std::vector<uint8_t> written;
  uint64_t chosen = 0;

 private:
  uint64_t features_;
  uint8_t status_ = 0;
};

TEST(VirtioSetup, TakesTheWantedFeaturesThatThereAre) {
  RecordingDevice device(kVersion1 | 5);
  uint64_t granted = 0;
  EXPECT_TRUE(begin_setup(device, 6, granted));
  EXPECT_EQ(granted, kVersion1 | 4);
  EXPECT_EQ(device.chosen, granted);
  finish_setup(device);
  device.expect_only_more();
  EXPECT_EQ(device.status() & kFailed, 0);
}

TEST(VirtioSetup, KeepsTheStatusWhenItGivesUp) {
  uint64_t granted = 0;
  RecordingDevice old(5);
  EXPECT_FALSE(begin_setup(old, 6, granted));
  old.expect_only_more();
  EXPECT_NE(old.status() & kFailed, 0);

  RecordingDevice stubborn(kVersion1 | 5);
  stubborn.refuses = true;
  EXPECT_FALSE(begin_setup(stubborn, 6, granted));
  stubborn.expect_only_more();
  EXPECT_NE(stubborn.status() & kFailed, 0);
}

}  // namespace
}  // namespace cairn::kernel::virtio
