#include "multihub/base/ids.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "unit/base/expect_abort.h"

namespace multihub::base {
namespace {

// Fills with one byte.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(std::uint8_t byte) : byte_(byte) {}
  void Fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), byte_); }

 private:
  std::uint8_t byte_;
};

// Fills with 1, 2, 3…
class CountingRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = ++last_;
  }

 private:
  std::uint8_t last_ = 0;
};

TEST_CASE("a UUID sets version and variant and leaves the other bits random") {
  ConstantRandom zeros(0x00);
  ConstantRandom ones(0xff);
  CountingRandom counting;
  CHECK(NewUuid(zeros) == "00000000-0000-4000-8000-000000000000");
  CHECK(NewUuid(ones) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
  CHECK(NewUuid(counting) == "01020304-0506-4708-890a-0b0c0d0e0f10");
}

TEST_CASE("new UUIDs are version 4 and differ") {
  std::set<std::string> seen;
  for (int i = 0; i < 5000; ++i) {
    const std::string uuid = NewUuid(SystemRandomInstance());
    REQUIRE(IsUuidV4(uuid));
    seen.insert(uuid);
  }
  CHECK(seen.size() == 5000);
}

TEST_CASE("only lower-case version 4 UUIDs are taken for one") {
  for (const char variant : std::string("89ab")) {
    CHECK(IsUuidV4(std::string("00000000-0000-4000-") + variant + "000-000000000000"));
  }
  for (const std::string text : {
           "",
           "00000000-0000-4000-8000-00000000000",
           "00000000-0000-4000-8000-0000000000000",
           "00000000-0000-1000-8000-000000000000",
           "00000000-0000-5000-8000-000000000000",
           "00000000-0000-4000-7000-000000000000",
           "00000000-0000-4000-c000-000000000000",
           "0000000A-0000-4000-8000-000000000000",
           "0000000g-0000-4000-8000-000000000000",
           "000000000000-4000-8000-0000-00000000",
           "{0000000-0000-4000-8000-00000000000}",
           "00000000_0000-4000-8000-000000000000",
           "00000000-0000-4000-8000-00000000000 ",
       }) {
    CAPTURE(text);
    CHECK_FALSE(IsUuidV4(text));
  }
}

TEST_CASE("a ULID writes time and randomness in Crockford's alphabet") {
  ConstantRandom zeros(0x00);
  ConstantRandom ones(0xff);
  CountingRandom counting;
  CHECK(NewUlid(0, zeros) == "00000000000000000000000000");
  CHECK(NewUlid((UnixMs{1} << 48) - 1, ones) == "7zzzzzzzzzzzzzzzzzzzzzzzzz");
  // The time of the ULID specification's own example.
  CHECK(NewUlid(1469918176385, zeros) == "01aryz6s410000000000000000");
  // The bytes 01 to 0a in groups of five bits.
  CHECK(NewUlid(0, counting) == "0000000000041061050r3gg28a");
}

TEST_CASE("a ULID's time can be read back from its first ten characters") {
  const std::string alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  SeededRandom random(2);
  for (int i = 0; i < 2000; ++i) {
    const auto at_ms = static_cast<UnixMs>(random.Below(std::uint64_t{1} << 48));
    const std::string ulid = NewUlid(at_ms, random);
    UnixMs back = 0;
    for (std::size_t at = 0; at < 10; ++at) back = back * 32 + static_cast<UnixMs>(alphabet.find(ulid[at]));
    REQUIRE(back == at_ms);
    REQUIRE(IsUlid(ulid));
  }
}

TEST_CASE("ULIDs sort by their time") {
  SeededRandom random(4);
  std::vector<std::string> ids;
  UnixMs at_ms = 0;
  for (int i = 0; i < 2000; ++i) {
    at_ms += 1 + static_cast<UnixMs>(random.Below(1'000'000'000));
    ids.push_back(NewUlid(at_ms, random));
  }
  CHECK(std::is_sorted(ids.begin(), ids.end()));
}

TEST_CASE("ULIDs of one millisecond differ") {
  std::set<std::string> seen;
  for (int i = 0; i < 5000; ++i) seen.insert(NewUlid(1777629600120, SystemRandomInstance()));
  CHECK(seen.size() == 5000);
}

TEST_CASE("a ULID of a time outside 48 bits is a programming error") {
  CHECK(Aborts([] { NewUlid(-1, SystemRandomInstance()); }));
  CHECK(Aborts([] { NewUlid(UnixMs{1} << 48, SystemRandomInstance()); }));
}

TEST_CASE("only lower-case Crockford texts of 26 characters within 128 bits are ULIDs") {
  CHECK(IsUlid("01hx3q7k2m4v8d5e6f7g8h9j0k"));
  CHECK(IsUlid("7zzzzzzzzzzzzzzzzzzzzzzzzz"));
  for (const std::string text : {
           "",
           "01hx3q7k2m4v8d5e6f7g8h9j0",
           "01hx3q7k2m4v8d5e6f7g8h9j0kk",
           "8zzzzzzzzzzzzzzzzzzzzzzzzz",
           "z1hx3q7k2m4v8d5e6f7g8h9j0k",
           "01HX3Q7K2M4V8D5E6F7G8H9J0K",
           "01hx3q7k2m4v8d5e6f7g8h9j0i",
           "01hx3q7k2m4v8d5e6f7g8h9j0l",
           "01hx3q7k2m4v8d5e6f7g8h9j0o",
           "01hx3q7k2m4v8d5e6f7g8h9j0u",
           "01hx3q7k2m4v8d5e6f7g8h9j0-",
           "01hx3q7k2m4v8d5e6f7g8h9j0\xc3",
           "/1hx3q7k2m4v8d5e6f7g8h9j0k",
       }) {
    CAPTURE(text);
    CHECK_FALSE(IsUlid(text));
  }
}

}  // namespace
}  // namespace multihub::base
