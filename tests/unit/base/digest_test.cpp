#include "multihub/base/digest.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "multihub/base/encoding.h"

namespace multihub::base {
namespace {

std::string Hex(std::span<const std::uint8_t> bytes) { return HexEncode(bytes); }

TEST_CASE("the signature of a message is SHA-512 over its bytes and the secret") {
  struct Row {
    const char* name;
    const char* body;
    const char* digest;
  };
  const std::string secret = "unit-test-secret";
  const Row rows[] = {
      {"compact ping", R"({"method":"gateway.ping","params":{}})",
       "9653ad213cc056018d72ebb23359988cb438a4e9f1b6b678c81497e824e9508f"
       "aecd111d0939ede5e42596bbc8d918d8d76a4359c54a65b2651759a3077d7c7d"},
      {"spaced ping", R"({"method": "gateway.ping", "params": {}})",
       "3e7ff4ab1a769a5a2cb16582a7f8963f0a711e491fc4b9af8b36b4641c0dba25"
       "f8bde981653d2f63c982da19cd781660b3ddf66892530abc3dc3fd3deafe69b7"},
      {"utf-8", "{\"method\":\"gateway.ping\",\"params\":{\"note\":\"\xe2\x82\xac\"}}",
       "aaff6f03b0ca2b7d8fd38f900a559cad730e2235453e6d6c7004ded93ad52a3b"
       "59782e5e29c320d4c44d2d1fb9862fc1aad62a3c06a362b3972c9223b09db4b7"},
      {"empty body", "",
       "106a0977c1237830540c83c8011ad891feec28a2069515b2cd918afc56feb2f3"
       "a80eedb2ba01517b6dcad17356a30e98bf10b9fa09901453be3901f0cd4bb2e1"},
      {"response",
       R"({"success":true,"result":{"message":"pong"},"request_id":"00000000-0000-4000-8000-000000000001","processing_time":3})",
       "11769acc58bc9356d2168819e6c5a8aa8ad0030cf77d5e48ad033c2b368c3e48"
       "bfbde7c8d5dc86d56106650da46d83221d502ff1518147c4161eb5e9a27c9c78"},
      {"webhook body", R"({"id":"pay_1:payment.completed"})",
       "daea0f33931129b9b6265bf0759c461eacf9758461b31ef1ffab2ecf6a8648e0"
       "25a9b9c91125a9f14a32436b25a45fc008ada589d0177f4b10b6ac31591b4008"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(Hex(Sha512({row.body, secret})) == row.digest);
    CHECK(Hex(Sha512({row.body + secret})) == row.digest);
    CHECK(Hex(Sha512({"", row.body, "", secret, std::string_view()})) == row.digest);
  }
}

TEST_CASE("digests by the published vectors") {
  CHECK(Hex(Sha512({})) ==
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
  CHECK(Hex(Sha512({"abc"})) ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(Hex(Sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Hex(Sha256({"a", "b", "c"})) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("HMAC-SHA256 by RFC 4231 and the webhook vectors") {
  struct Row {
    std::string key;
    std::string data;
    const char* digest;
  };
  const Row rows[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.digest);
    CHECK(Hex(HmacSha256(row.key, {row.data})) == row.digest);
    CHECK(Hex(HmacSha256(row.key, {row.data.substr(0, 3), std::string_view(),
                                   std::string_view(row.data).substr(std::min<std::size_t>(3, row.data.size()))})) ==
          row.digest);
  }
  CHECK(Base64Encode(HmacSha256("0123456789abcdef0123456789abcdef", {"pay_1:payment.completed", ".", "1777593600", ".",
                                                                     R"({"id":"pay_1:payment.completed"})"})) ==
        "ZIMKdu5yCMiPawr8DoMWQj6+PPj3mxPgcGqueRYDloM=");
}

TEST_CASE("an empty HMAC key is a key of its own, not the one before") {
  const Sha256Digest first = HmacSha256("", {"data"});
  const Sha256Digest keyed = HmacSha256("key", {"data"});
  CHECK(HmacSha256("", {"data"}) == first);
  CHECK(HmacSha256(std::string_view(), {"data"}) == first);
  CHECK(keyed != first);
}

TEST_CASE("threads digest side by side") {
  const Sha512Digest sha512 = Sha512({"abc"});
  const Sha256Digest hmac = HmacSha256("key", {"abc"});
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& mine : wrong) {
    threads.emplace_back([&mine, &sha512, &hmac] {
      for (int i = 0; i < 500; ++i) {
        mine += Sha512({"a", "bc"}) != sha512;
        mine += HmacSha256("key", {"ab", "c"}) != hmac;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("constant-time comparison tells equal from different") {
  const Bytes bytes = {1, 2, 3, 4};
  CHECK(EqualConstantTime(bytes, Bytes{1, 2, 3, 4}));
  CHECK(EqualConstantTime({}, {}));
  CHECK_FALSE(EqualConstantTime(bytes, {}));
  CHECK_FALSE(EqualConstantTime(bytes, Bytes{1, 2, 3}));
  CHECK_FALSE(EqualConstantTime(bytes, Bytes{1, 2, 3, 4, 0}));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes other = bytes;
      other[at] = static_cast<std::uint8_t>(other[at] ^ (1 << bit));
      CHECK_FALSE(EqualConstantTime(bytes, other));
    }
  }
}

}  // namespace
}  // namespace multihub::base
