// Encodes and decodes made-up sound; prints the size of each packet and checksums of packets and samples.
//   main RATE CHANNELS BITRATE APPLICATION
#include <opus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kFrames = 120, kMost = 960 * 2 };

static uint32_t checksum = 2166136261u;
static void add(const void *bytes, size_t size) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < size; ++i) checksum = (checksum ^ at[i]) * 16777619u;
}

// Returns a sample of triangle waves of changing pitch with noise, in integers, so that it is the same everywhere.
static int16_t sample(uint32_t n, uint32_t channel) {
  static uint32_t seed = 1;
  seed = seed * 1664525u + 1013904223u;
  const uint32_t pitch = 200 + 37 * channel + (n / 9000) * 90;
  const int32_t phase = (int32_t)((n * pitch) % 48000);
  const int32_t triangle = (phase < 24000 ? phase : 48000 - phase) - 12000;
  return (int16_t)(triangle + (int32_t)(seed >> 20) - 2048 + (n % 24000 < 400 ? (int32_t)(seed >> 18) - 8192 : 0));
}

int main(int argc, char **argv) {
  if (argc != 5) return 64;
  const int rate = atoi(argv[1]), channels = atoi(argv[2]);
  int error = 0;
  OpusEncoder *encoder = opus_encoder_create(rate, channels, atoi(argv[4]), &error);
  if (encoder == NULL) return 1;
  OpusDecoder *decoder = opus_decoder_create(rate, channels, &error);
  if (decoder == NULL) return 1;
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(atoi(argv[3])));
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(10));
  static int16_t in[kMost], out[kMost];
  static unsigned char packet[4000];
  const int size = rate / 50;
  for (uint32_t frame = 0, n = 0; frame < kFrames; ++frame) {
    for (int i = 0; i < size; ++i, ++n)
      for (int c = 0; c < channels; ++c) in[i * channels + c] = sample(n, (uint32_t)c);
    const int bytes = opus_encode(encoder, in, size, packet, sizeof packet);
    if (bytes < 0) return 2;
    add(packet, (size_t)bytes);
    // Every 16th packet gets lost.
    const int decoded =
        opus_decode(decoder, frame % 16 == 15 ? NULL : packet, frame % 16 == 15 ? 0 : bytes, out, size, 0);
    if (decoded != size) return 3;
    add(out, (size_t)decoded * (size_t)channels * 2);
    printf("%u: %d %08x\n", frame, bytes, checksum);
  }
  return 0;
}
