#include "multihub/base/encoding.h"

#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <string>

#include "multihub/base/random.h"

namespace multihub::base {
namespace {

Bytes BytesOf(std::string_view text) { return Bytes(text.begin(), text.end()); }

Bytes RandomBytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

TEST_CASE("bytes are written in lower-case hex and read in either case") {
  const Bytes bytes = {0x00, 0x01, 0x7f, 0x80, 0xab, 0xcd, 0xef, 0xff};
  CHECK(HexEncode(bytes) == "00017f80abcdefff");
  CHECK(HexDecode("00017f80abcdefff") == bytes);
  CHECK(HexDecode("00017F80ABCDEFFF") == bytes);
  CHECK(HexDecode("00017f80AbCdEfFf") == bytes);
  CHECK(HexEncode({}).empty());
  CHECK(HexDecode("") == Bytes());
}

TEST_CASE("every byte survives hex") {
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  CHECK(HexDecode(HexEncode(all)) == all);
}

TEST_CASE("what is not hex is refused, whatever the wrong character and its place") {
  CHECK_FALSE(HexDecode("0"));
  CHECK_FALSE(HexDecode("000"));
  CHECK_FALSE(HexDecode("0x00"));
  CHECK_FALSE(HexDecode(" 00 "));
  for (int c = 0; c < 256; ++c) {
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    CAPTURE(c);
    for (std::size_t at = 0; at < 4; ++at) {
      std::string text = "1234";
      text[at] = static_cast<char>(c);
      CHECK(HexDecode(text).has_value() == digit);
    }
  }
}

TEST_CASE("base64 by the vectors of RFC 4648") {
  struct Row {
    const char* plain;
    const char* encoded;
    const char* url;
  };
  const Row rows[] = {{"", "", ""},
                      {"f", "Zg==", "Zg"},
                      {"fo", "Zm8=", "Zm8"},
                      {"foo", "Zm9v", "Zm9v"},
                      {"foob", "Zm9vYg==", "Zm9vYg"},
                      {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                      {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                      {"\xfb\xff\xfe", "+//+", "-__-"},
                      {"\xff", "/w==", "_w"}};
  for (const Row& row : rows) {
    CAPTURE(row.encoded);
    CHECK(Base64Encode(BytesOf(row.plain)) == row.encoded);
    CHECK(Base64UrlEncode(BytesOf(row.plain)) == row.url);
    CHECK(Base64Decode(row.encoded) == BytesOf(row.plain));
  }
}

TEST_CASE("base64 agrees with OpenSSL's on random bytes") {
  SeededRandom random(9);
  for (std::size_t size = 0; size < 300; ++size) {
    const Bytes bytes = RandomBytes(random, size);
    std::string expected(size * 2 + 5, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(expected.data()), bytes.data(),
                                       static_cast<int>(bytes.size()));
    expected.resize(static_cast<std::size_t>(length));
    const std::string text = Base64Encode(bytes);
    REQUIRE(text == expected);
    REQUIRE(Base64Decode(text) == bytes);
  }
}

TEST_CASE("base64 that is not canonical is refused") {
  for (const std::string text : {
           "Z",     "Zg",     "Zg=",   "Zm8",   "Zm9vY",    "Zm9vYg",   "Zm9vYg=",   // padding missing
           "====",  "Zg===",  "Z===",  "=",     "==",       "Zm9v====", "Zg==Zg==",  // padding where none belongs
           "Zm8==", "Zg==\n", "Zg= =", "Z g==", " Zg==",    "Zg ==",    "Zm9v\n",    // white space
           "Zh==",  "Zn==",   "Zm9=",  "Zm/=",  "Zm9vYh==",                          // unused bits that are not zero
           "-__-",  "Zm9-",   "Zm9_",  "Zm9*",  "Zm9\xc3",  "Z=g=",     "=Zg=",      // wrong characters
       }) {
    CAPTURE(text);
    CHECK_FALSE(Base64Decode(text));
  }
  CHECK_FALSE(Base64Decode(std::string_view("Zm9\0", 4)));
}

TEST_CASE("exactly one base64 text of four characters reads as a given byte") {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int accepted = 0;
  for (const char first : alphabet) {
    for (const char second : alphabet) accepted += Base64Decode(std::string{first, second, '=', '='}).has_value();
  }
  CHECK(accepted == 256);
}

}  // namespace
}  // namespace multihub::base
