#include "multihub/base/sealing.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"

namespace multihub::base {
namespace {

constexpr const char* kBinding = "applications/17/secret";

MasterKey TestKey(std::uint64_t seed) {
  SeededRandom random(seed);
  return MasterKey::Generate(random);
}

TEST_CASE("a sealed text opens under its key and for its place") {
  const MasterKey key = TestKey(1);
  for (const std::string& plain : {std::string(), std::string("s"), std::string("unit-test-secret"),
                                   std::string("a\0b\xff", 4), std::string(10000, 'x')}) {
    const std::string sealed = Seal(key, kBinding, plain, SystemRandomInstance());
    const std::optional<SecretString> opened = Unseal(key, kBinding, sealed);
    REQUIRE(opened);
    CHECK(opened->Reveal() == plain);
  }
}

TEST_CASE("a sealed text names its version and key and does not show what it holds") {
  const MasterKey key = TestKey(1);
  const std::string plain = "unit-test-secret";
  const std::string sealed = Seal(key, kBinding, plain, SystemRandomInstance());
  const std::string prefix = "v1." + key.key_id() + ".";
  REQUIRE(sealed.substr(0, prefix.size()) == prefix);
  const std::optional<Bytes> bytes = Base64Decode(sealed.substr(prefix.size()));
  REQUIRE(bytes);
  CHECK(bytes->size() == 12 + plain.size() + 16);
  CHECK(std::string(bytes->begin(), bytes->end()).find(plain) == std::string::npos);
}

TEST_CASE("the same text never seals to the same bytes twice") {
  const MasterKey key = TestKey(1);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(Seal(key, kBinding, "text", SystemRandomInstance()));
  CHECK(seen.size() == 200);
}

TEST_CASE("a sealed text does not open for another place") {
  const MasterKey key = TestKey(1);
  const std::string sealed = Seal(key, kBinding, "text", SystemRandomInstance());
  for (const char* other : {"", "applications/18/secret", "applications/17/secret ", "applications/17/secre",
                            "Applications/17/secret", "|applications/17/secret"}) {
    CAPTURE(other);
    CHECK_FALSE(Unseal(key, other, sealed));
  }
}

TEST_CASE("a sealed text does not open under another key, not even renamed to it") {
  const MasterKey key = TestKey(1);
  const MasterKey other = TestKey(2);
  REQUIRE(key.key_id() != other.key_id());
  std::string sealed = Seal(key, kBinding, "text", SystemRandomInstance());
  CHECK_FALSE(Unseal(other, kBinding, sealed));
  sealed.replace(3, 8, other.key_id());
  CHECK_FALSE(Unseal(other, kBinding, sealed));
  CHECK_FALSE(Unseal(key, kBinding, sealed));
}

TEST_CASE("a sealed text with any character altered does not open") {
  const MasterKey key = TestKey(1);
  const std::string sealed = Seal(key, kBinding, "unit-test-secret", SystemRandomInstance());
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (const char other : {'A', 'B', '0', '/', '=', '.', '\0', '\n'}) {
      if (sealed[at] == other) continue;
      std::string altered = sealed;
      altered[at] = other;
      CAPTURE(at, other);
      CHECK_FALSE(Unseal(key, kBinding, altered));
    }
  }
}

TEST_CASE("a sealed text with any bit of nonce, cipher text or tag flipped does not open") {
  const MasterKey key = TestKey(1);
  const std::string sealed = Seal(key, kBinding, "unit-test-secret", SystemRandomInstance());
  const std::string prefix = "v1." + key.key_id() + ".";
  const Bytes bytes = Base64Decode(sealed.substr(prefix.size())).value();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes altered = bytes;
      altered[at] = static_cast<std::uint8_t>(altered[at] ^ (1 << bit));
      CAPTURE(at, bit);
      CHECK_FALSE(Unseal(key, kBinding, prefix + Base64Encode(altered)));
    }
  }
}

TEST_CASE("a sealed text cut, extended or of another form does not open") {
  const MasterKey key = TestKey(1);
  const std::string sealed = Seal(key, kBinding, "unit-test-secret", SystemRandomInstance());
  for (std::size_t size = 0; size < sealed.size(); ++size) CHECK_FALSE(Unseal(key, kBinding, sealed.substr(0, size)));
  const std::string prefix = "v1." + key.key_id() + ".";
  const Bytes bytes = Base64Decode(sealed.substr(prefix.size())).value();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(Unseal(key, kBinding, prefix + Base64Encode({bytes.data(), size})));
  }
  CHECK_FALSE(Unseal(key, kBinding, sealed + "A"));
  CHECK_FALSE(Unseal(key, kBinding, sealed + "AAAA"));
  CHECK_FALSE(Unseal(key, kBinding, sealed + "\n"));
  CHECK_FALSE(Unseal(key, kBinding, " " + sealed));
  CHECK_FALSE(Unseal(key, kBinding, "v2" + sealed.substr(2)));
  CHECK_FALSE(Unseal(key, kBinding, ""));
}

TEST_CASE("a master key survives its text, with one newline at the end too") {
  const MasterKey key = TestKey(3);
  const std::string text(key.ToBase64().Reveal());
  CHECK(text.size() == 44);
  for (const std::string& read : {text, text + "\n"}) {
    const std::optional<MasterKey> back = MasterKey::Parse(read);
    REQUIRE(back);
    CHECK(back->key_id() == key.key_id());
    CHECK(back->ToBase64().Reveal() == text);
    const std::string sealed = Seal(key, kBinding, "text", SystemRandomInstance());
    CHECK(Unseal(*back, kBinding, sealed).has_value());
  }
}

TEST_CASE("what is not 32 bytes in base64 is no master key") {
  const std::string text(TestKey(3).ToBase64().Reveal());
  for (const std::string& bad :
       {std::string(), std::string("\n"), text + "\n\n", text + " ", " " + text, text + "\r\n", text.substr(0, 43),
        text.substr(0, 40), text + text, std::string(64, 'a'), Base64Encode(Bytes(31, 1)), Base64Encode(Bytes(33, 1)),
        std::string("not base64 at all, only words in a line")}) {
    CAPTURE(bad);
    CHECK_FALSE(MasterKey::Parse(bad));
  }
}

TEST_CASE("keys for different purposes share nothing and tell nothing of the key's name") {
  const MasterKey key = TestKey(4);
  const std::string sealing(key.Derive("sealing").Reveal());
  const std::string chain(key.Derive("ledger-chain").Reveal());
  const std::string naming(key.Derive("key-id").Reveal());
  CHECK(sealing.size() == 32);
  CHECK(sealing != chain);
  CHECK(sealing == key.Derive("sealing").Reveal());
  CHECK(sealing != TestKey(5).Derive("sealing").Reveal());
  CHECK(HexEncode(Bytes(naming.begin(), naming.end())).substr(0, 8) != key.key_id());
  const std::string master(MasterKey::Parse(key.ToBase64().Reveal())->ToBase64().Reveal());
  const Bytes bytes = Base64Decode(master).value();
  const Sha256Digest expected = HmacSha256(std::string(bytes.begin(), bytes.end()), {"ledger-chain"});
  CHECK(chain == std::string(expected.begin(), expected.end()));
}

TEST_CASE("a key's name is eight hex digits") {
  const std::string name = TestKey(6).key_id();
  CHECK(name.size() == 8);
  CHECK(HexDecode(name).has_value());
  CHECK(TestKey(6).key_id() == name);
  CHECK(TestKey(7).key_id() != name);
}

}  // namespace
}  // namespace multihub::base
