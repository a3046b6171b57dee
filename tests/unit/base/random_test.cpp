#include "multihub/base/random.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <thread>
#include <vector>

#include "unit/base/expect_abort.h"

namespace multihub::base {
namespace {

using Block = std::array<std::uint8_t, 16>;

Block NextBlock(Random& random) {
  Block block{};
  random.Fill(block);
  return block;
}

TEST_CASE("a seeded generator repeats its sequence, and another seed gives another") {
  SeededRandom first(7);
  SeededRandom second(7);
  SeededRandom other(8);
  std::vector<std::uint64_t> a;
  std::vector<std::uint64_t> b;
  std::vector<std::uint64_t> c;
  for (int i = 0; i < 100; ++i) {
    a.push_back(first.NextU64());
    b.push_back(second.NextU64());
    c.push_back(other.NextU64());
  }
  CHECK(a == b);
  CHECK(a != c);
}

TEST_CASE("a seeded generator is SplitMix64, so that a printed seed means the same for ever") {
  SeededRandom random(0);
  CHECK(random.NextU64() == 0xe220a8397b1dcdafu);
  CHECK(random.NextU64() == 0x6e789e6aa1b965f4u);
}

TEST_CASE("a fill reaches every byte of the span and none beside it") {
  SeededRandom seeded(3);
  for (Random* random : {static_cast<Random*>(&seeded), &SystemRandomInstance()}) {
    for (const std::size_t size : {1u, 3u, 8u, 9u, 255u, 256u, 257u, 5000u}) {
      CAPTURE(size);
      std::vector<std::uint8_t> touched(size, 0);
      std::vector<std::uint8_t> buffer(size + 2);
      for (int round = 0; round < 64; ++round) {
        std::fill(buffer.begin(), buffer.end(), 0);
        random->Fill(std::span(buffer).subspan(1, size));
        for (std::size_t i = 0; i < size; ++i) touched[i] |= buffer[i + 1];
        REQUIRE((buffer.front() == 0 && buffer.back() == 0));
      }
      // Sixty-four zeros in one place by chance: once in 2^512.
      CHECK(std::count(touched.begin(), touched.end(), 0) == 0);
    }
    random->Fill({});
  }
}

TEST_CASE("the system generator never repeats a block, across its buffer's end too") {
  std::set<Block> seen;
  for (int i = 0; i < 20000; ++i) seen.insert(NextBlock(SystemRandomInstance()));
  CHECK(seen.size() == 20000);
}

TEST_CASE("threads draw from the system generator without repeating each other") {
  std::array<std::vector<Block>, 4> drawn;
  std::vector<std::thread> threads;
  for (std::vector<Block>& mine : drawn) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 2000; ++i) mine.push_back(NextBlock(SystemRandomInstance()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Block> seen;
  for (const std::vector<Block>& mine : drawn) seen.insert(mine.begin(), mine.end());
  CHECK(seen.size() == 8000);
}

TEST_CASE("threads share a seeded generator without losing or repeating a value") {
  SeededRandom shared(11);
  std::array<std::vector<std::uint64_t>, 4> drawn;
  std::vector<std::thread> threads;
  for (std::vector<std::uint64_t>& mine : drawn) {
    threads.emplace_back([&mine, &shared] {
      for (int i = 0; i < 2000; ++i) mine.push_back(shared.NextU64());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint64_t> together;
  for (const std::vector<std::uint64_t>& mine : drawn) together.insert(together.end(), mine.begin(), mine.end());
  std::vector<std::uint64_t> alone;
  SeededRandom single(11);
  for (int i = 0; i < 8000; ++i) alone.push_back(single.NextU64());
  std::sort(together.begin(), together.end());
  std::sort(alone.begin(), alone.end());
  CHECK(together == alone);
}

TEST_CASE("below stays under its bound and is even") {
  SeededRandom random(5);
  for (const std::uint64_t bound : {1u, 2u, 3u, 7u, 10u}) {
    CAPTURE(bound);
    constexpr int kDraws = 20000;
    std::vector<int> counts(bound, 0);
    for (int i = 0; i < kDraws; ++i) {
      const std::uint64_t value = random.Below(bound);
      REQUIRE(value < bound);
      ++counts[value];
    }
    const double expected = static_cast<double>(kDraws) / static_cast<double>(bound);
    for (const int count : counts) CHECK(std::abs(count - expected) < expected * 0.2);
  }
}

// Gives the same 64-bit values over and over.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::vector<std::uint64_t> values) : values_(std::move(values)) {}
  void Fill(std::span<std::uint8_t> out) override {
    REQUIRE(out.size() == 8);
    const std::uint64_t value = values_[next_++ % values_.size()];
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  std::size_t drawn() const { return next_; }

 private:
  std::vector<std::uint64_t> values_;
  std::size_t next_ = 0;
};

TEST_CASE("below draws again where the remainder would be skewed") {
  // 2^64 mod 10 is 6: the values 0 to 5 are one time too many.
  ScriptedRandom random({0, 5, 6, 17});
  CHECK(random.Below(10) == 6);
  CHECK(random.drawn() == 3);
  CHECK(random.Below(10) == 7);
  CHECK(random.drawn() == 4);
}

TEST_CASE("below nothing aborts") {
  CHECK(Aborts([] { SystemRandomInstance().Below(0); }));
}

}  // namespace
}  // namespace multihub::base
