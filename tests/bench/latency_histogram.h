// Latencies in buckets whose width grows with the value: bounded memory, any range, known precision.
#pragma once

#include <array>
#include <cstdint>

namespace multihub::bench {

class LatencyHistogram {
 public:
  // Negative values count as 0.
  void Record(std::int64_t nanoseconds);
  std::uint64_t count() const { return count_; }
  // The smallest value that at least `percent` of the recorded ones do not exceed, at most 1/64 too high; 0 when
  // nothing was recorded. 0 < percent <= 100.
  double PercentileMs(double percent) const;

 private:
  // 64 buckets for each power of two; the first 64 values have one each. Enough for 2^42 ns, over an hour.
  static constexpr int kSubBucketBits = 6;
  static constexpr int kPowers = 37;
  static std::size_t BucketOf(std::uint64_t value);
  static std::uint64_t UpperEndOf(std::size_t bucket);

  std::array<std::uint64_t, (kPowers + 1) << kSubBucketBits> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace multihub::bench
