// Randomness, as a seam.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace multihub::base {

class Random {
 public:
  virtual ~Random() = default;
  // Fills the whole span. Thread safe in every implementation.
  virtual void Fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t NextU64();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);
};

// The operating system's cryptographic generator (buffered per thread). Aborts if it fails.
class SystemRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

// Deterministic, for tests and simulations; never for secrets. Thread safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  ~SeededRandom() override;
  void Fill(std::span<std::uint8_t> out) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The process-wide SystemRandom.
Random& SystemRandomInstance();

}  // namespace multihub::base
