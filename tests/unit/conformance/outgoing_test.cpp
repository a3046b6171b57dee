#include "conformance/outgoing.h"

#include <catch2/catch.hpp>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"

namespace multihub::conformance {
namespace {

TEST_CASE("each fault of a signature is the fault it is called") {
  const std::string body = R"({"method":"gateway.ping","params":{}})";
  const std::string secret = "unit-test-secret";
  const std::string right = SignatureText(SignFault::kNone, body, secret, "other");
  // The published vector.
  CHECK(right ==
        "9653ad213cc056018d72ebb23359988cb438a4e9f1b6b678c81497e824e9508faecd111d0939ede5e42596bbc8d918d8d76a4359c54a65"
        "b26"
        "51759a3077d7c7d");
  for (const auto& [word, fault] : SignFaultWords()) {
    INFO(word);
    const std::string text = SignatureText(fault, body, secret, "other");
    const bool same = fault == SignFault::kNone || fault == SignFault::kFlipBody;
    CHECK((text == right) == same);
    CHECK((SentBody(fault, body) == body) == (fault != SignFault::kFlipBody));
    const bool digest = base::HexDecode(text).has_value() && text.size() == 128;
    const bool malformed = fault == SignFault::kShort || fault == SignFault::kLong ||
                           fault == SignFault::kSpaceInside || fault == SignFault::kNotHex;
    CHECK(digest != malformed);
  }
  CHECK(base::HexDecode(SignatureText(SignFault::kUpperCase, body, secret, "")) == base::HexDecode(right));
  CHECK(SignatureText(SignFault::kOtherSecret, body, secret, "other") ==
        base::HexEncode(base::Sha512({body, "other"})));
}

TEST_CASE("headers are replaced, added and left out whatever their case") {
  OutgoingRequest request{"POST", "/p", "h", {{"Content-Type", "a"}, {"X-Data-Hash", "b"}}, "xyz"};
  SetHeader(&request, "content-type", "c");
  SetHeader(&request, "X-DATA-HASH", std::nullopt);
  SetHeader(&request, "X-Note", "d");
  CHECK(ToBytes(request) ==
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: c\r\nX-Note: d\r\nContent-Length: 3\r\n\r\nxyz");
}

TEST_CASE("text for people shows no whole signature, no control characters and no endless body") {
  const std::string hash(128, 'a');
  CHECK(ForPeople("X-Data-Hash: " + hash + "\r\nx") == "X-Data-Hash: aaaaaaaa...(128 digits)\nx");
  CHECK(ForPeople(std::string("a\0b\x1b\xff", 5)) == "a\\x00b\\x1b\\xff");
  CHECK(ForPeople("é") == "é");
  CHECK(ForPeople(std::string(10'000, 'z')).size() < 4300);
}

}  // namespace
}  // namespace multihub::conformance
