#include "bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace multihub::bench {

std::size_t LatencyHistogram::BucketOf(std::uint64_t value) {
  constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kSubBucketBits;
  if (value < kSubBuckets) return static_cast<std::size_t>(value);
  const int shift = std::bit_width(value) - kSubBucketBits - 1;
  // value >> shift is in [64, 128).
  return static_cast<std::size_t>(static_cast<std::uint64_t>(shift) * kSubBuckets + (value >> shift));
}

std::uint64_t LatencyHistogram::UpperEndOf(std::size_t bucket) {
  constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBucketBits;
  if (bucket < 2 * kSubBuckets) return bucket;
  const std::size_t shift = bucket / kSubBuckets - 1;
  const std::uint64_t leading = bucket - shift * kSubBuckets;
  return ((leading + 1) << shift) - 1;
}

void LatencyHistogram::Record(std::int64_t nanoseconds) {
  const std::size_t bucket = BucketOf(static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0)));
  ++buckets_[std::min(bucket, buckets_.size() - 1)];
  ++count_;
}

double LatencyHistogram::PercentileMs(double percent) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(percent / 100.0 * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && seen >= rank) return static_cast<double>(UpperEndOf(bucket)) / 1e6;
  }
  return 0;
}

}  // namespace multihub::bench
