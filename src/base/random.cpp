#include "multihub/base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <mutex>

#include "multihub/base/check.h"

namespace multihub::base {
namespace {

void FillFromSystem(std::span<std::uint8_t> out) {
  constexpr std::size_t kMaxCall = std::numeric_limits<int>::max();
  while (!out.empty()) {
    const std::size_t part = std::min(out.size(), kMaxCall);
    MULTIHUB_CHECK(RAND_bytes(out.data(), static_cast<int>(part)) == 1);
    out = out.subspan(part);
  }
}

// One call of the generator serves many small requests. What was handed out is wiped, so that a secret made from it
// has no second copy here.
class ThreadBuffer {
 public:
  static constexpr std::size_t kSize = 4096;

  ~ThreadBuffer() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  void Take(std::span<std::uint8_t> out) {
    if (kSize - used_ < out.size()) {
      FillFromSystem(bytes_);
      used_ = 0;
    }
    std::memcpy(out.data(), bytes_.data() + used_, out.size());
    OPENSSL_cleanse(bytes_.data() + used_, out.size());
    used_ += out.size();
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
  std::size_t used_ = kSize;
};

}  // namespace

std::uint64_t Random::NextU64() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes;
  Fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

std::uint64_t Random::Below(std::uint64_t bound) {
  MULTIHUB_CHECK(bound > 0);
  // The first 2^64 mod bound values would make the low results likelier: they are drawn again.
  const std::uint64_t skewed = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = NextU64();
    if (value >= skewed) return value % bound;
  }
}

void SystemRandom::Fill(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  constexpr std::size_t kLargestBuffered = 256;
  if (out.size() > kLargestBuffered) {
    FillFromSystem(out);
    return;
  }
  thread_local ThreadBuffer buffer;
  buffer.Take(out);
}

struct SeededRandom::State {
  std::mutex mutex;
  std::uint64_t position;

  // SplitMix64: every seed gives a full-period sequence.
  std::uint64_t Next() {
    position += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = position;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }
};

SeededRandom::SeededRandom(std::uint64_t seed) : state_(std::make_unique<State>()) { state_->position = seed; }

SeededRandom::~SeededRandom() = default;

void SeededRandom::Fill(std::span<std::uint8_t> out) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  while (!out.empty()) {
    const std::uint64_t value = state_->Next();
    const std::size_t part = std::min(out.size(), sizeof(value));
    std::memcpy(out.data(), &value, part);
    out = out.subspan(part);
  }
}

Random& SystemRandomInstance() {
  static SystemRandom instance;
  return instance;
}

}  // namespace multihub::base
