#include "multihub/webhooks/signature.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/encoding.h"
#include "support/fixtures.h"
#include "support/json.h"
#include "support/signed_client.h"

namespace multihub::webhooks {
namespace {

constexpr base::UnixMs kAt = 1'777'593'600'000;  // 2026-05-01T00:00:00Z
constexpr const char* kOtherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

using Headers = std::vector<std::pair<std::string, std::string>>;

const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = nlohmann::json::parse(support::Fixture("vectors.json"));
  return vectors;
}

// One attempt with secrets that live as long as it does.
struct Sample {
  std::string id = "pay_1:payment.completed";
  std::string body = R"({"id":"pay_1:payment.completed"})";
  std::string nonce = "n-1";
  base::UnixMs at_ms = kAt;
  base::SecretString api_secret{std::string("unit-test-secret")};
  std::vector<base::SecretString> endpoint_secrets{base::SecretString(Vectors()["standard_webhooks"]["whsec"])};

  Headers Sign() const {
    SignedAttempt attempt;
    attempt.id = id;
    attempt.body = body;
    attempt.at_ms = at_ms;
    attempt.nonce = nonce;
    attempt.api_secret = &api_secret;
    for (const base::SecretString& secret : endpoint_secrets) attempt.endpoint_secrets.push_back(&secret);
    return DeliveryHeaders(attempt);
  }
  // The one header of that very name.
  std::string Sign(const std::string& name) const {
    std::string value;
    int found = 0;
    for (const auto& [header, text] : Sign()) {
      if (header != name) continue;
      value = text;
      ++found;
    }
    REQUIRE(found == 1);
    return value;
  }
};

std::string SecretOf(std::size_t key_bytes) { return "whsec_" + base::Base64Encode(base::Bytes(key_bytes, 0xa5)); }

TEST_CASE("the vector of X-Data-Hash over a webhook body is met") {
  int checked = 0;
  for (const auto& vector : Vectors()["x_data_hash"]) {
    if (vector["name"] != "webhook body") continue;
    ++checked;
    Sample sample;
    sample.body = vector["body"];
    sample.api_secret = base::SecretString(vector["secret"]);
    CHECK(sample.Sign("X-Data-Hash") == vector["x_data_hash"]);
  }
  CHECK(checked == 1);
}

TEST_CASE("the vector of X-Webhook-Signature-V2 is met") {
  const auto& vector = Vectors()["signature_v2"];
  Sample sample;
  sample.body = vector["body"];
  sample.api_secret = base::SecretString(vector["secret"]);
  REQUIRE(sample.Sign("X-Webhook-Timestamp") == vector["timestamp"]);
  CHECK(sample.Sign("X-Webhook-Signature-V2") == vector["x_webhook_signature_v2"]);
}

TEST_CASE("the vector of the Standard Webhooks signature is met") {
  const auto& vector = Vectors()["standard_webhooks"];
  Sample sample;
  sample.id = vector["webhook_id"];
  sample.body = vector["body"];
  sample.endpoint_secrets = {base::SecretString(vector["whsec"])};
  REQUIRE(sample.Sign("webhook-id") == vector["webhook_id"]);
  REQUIRE(sample.Sign("webhook-timestamp") == vector["webhook_timestamp"]);
  CHECK(sample.Sign("webhook-signature") == vector["webhook_signature"]);
}

TEST_CASE("the headers stand in the documented order, each once, with what the attempt says") {
  Sample sample;
  sample.at_ms = kAt + 4;
  std::vector<std::string> names;
  for (const auto& [name, value] : sample.Sign()) {
    names.push_back(name);
    INFO(name);
    CHECK_FALSE(value.empty());
  }
  CHECK(names == std::vector<std::string>{"Content-Type", "X-Data-Hash", "X-Webhook-Id", "X-Webhook-Timestamp",
                                          "X-Webhook-Nonce", "X-Webhook-Signature-V2", "webhook-id",
                                          "webhook-timestamp", "webhook-signature"});
  CHECK(sample.Sign("Content-Type") == "application/json");
  CHECK(sample.Sign("X-Webhook-Id") == sample.id);
  CHECK(sample.Sign("webhook-id") == sample.id);
  CHECK(sample.Sign("X-Webhook-Nonce") == sample.nonce);
}

TEST_CASE("one timestamp has milliseconds, the other whole Unix seconds rounded down") {
  Sample sample;
  sample.at_ms = kAt + 999;
  CHECK(sample.Sign("X-Webhook-Timestamp") == "2026-05-01T00:00:00.999Z");
  CHECK(sample.Sign("webhook-timestamp") == "1777593600");
  sample.at_ms = kAt + 1000;
  CHECK(sample.Sign("X-Webhook-Timestamp") == "2026-05-01T00:00:01.000Z");
  CHECK(sample.Sign("webhook-timestamp") == "1777593601");
}

TEST_CASE("X-Data-Hash is the same on every attempt, the timestamped signatures are not") {
  Sample first;
  Sample second;
  second.at_ms += 1000;
  second.nonce = "n-2";
  CHECK(first.Sign("X-Data-Hash") == second.Sign("X-Data-Hash"));
  CHECK(first.Sign("X-Webhook-Signature-V2") != second.Sign("X-Webhook-Signature-V2"));
  CHECK(first.Sign("webhook-signature") != second.Sign("webhook-signature"));
}

TEST_CASE("V2 covers the timestamp as it is written in its header") {
  Sample sample;
  sample.at_ms = kAt + 120;
  const std::string timestamp = sample.Sign("X-Webhook-Timestamp");
  CHECK(sample.Sign("X-Webhook-Signature-V2") == support::Sign(timestamp + sample.body, "unit-test-secret"));
}

TEST_CASE("the body is signed byte for byte") {
  Sample sample;
  sample.body = std::string("{\"note\":\"€\0\"}\n", 16);
  CHECK(sample.Sign("X-Data-Hash") == support::Sign(sample.body, "unit-test-secret"));
  const std::string with_newline = sample.Sign("webhook-signature");
  sample.body.pop_back();
  CHECK(sample.Sign("webhook-signature") != with_newline);
}

TEST_CASE("during a rotation both endpoint secrets sign, the current one first") {
  Sample sample;
  const std::string current = sample.Sign("webhook-signature");
  sample.endpoint_secrets = {base::SecretString(std::string(kOtherSecret))};
  const std::string previous = sample.Sign("webhook-signature");
  REQUIRE(current != previous);

  Sample both;
  both.endpoint_secrets.push_back(base::SecretString(std::string(kOtherSecret)));
  CHECK(both.Sign("webhook-signature") == current + " " + previous);
  CHECK(both.Sign("X-Data-Hash") == sample.Sign("X-Data-Hash"));
}

TEST_CASE("a new endpoint secret is 32 bytes of the generator in base64") {
  base::SeededRandom random(7);
  base::SeededRandom same(7);
  base::Bytes expected(32);
  same.Fill(expected);
  const base::SecretString secret = NewEndpointSecret(random);
  CHECK(secret.Reveal() == "whsec_" + base::Base64Encode(expected));
  CHECK(IsEndpointSecret(secret.Reveal()));
  CHECK(NewEndpointSecret(random).Reveal() != secret.Reveal());
}

TEST_CASE("an endpoint secret has 24 to 64 bytes") {
  CHECK_FALSE(IsEndpointSecret(SecretOf(0)));
  CHECK_FALSE(IsEndpointSecret(SecretOf(23)));
  CHECK(IsEndpointSecret(SecretOf(24)));
  CHECK(IsEndpointSecret(SecretOf(64)));
  CHECK_FALSE(IsEndpointSecret(SecretOf(65)));
}

TEST_CASE("what is not whsec_ and strict base64 is no endpoint secret") {
  const std::string good = SecretOf(32);
  REQUIRE(IsEndpointSecret(good));
  REQUIRE(good.ends_with('='));
  std::string url_alphabet = SecretOf(33);
  url_alphabet.back() = '-';
  const auto text =
      GENERATE_COPY(as<std::string>(), "", "whsec_", good.substr(6), "WHSEC_" + good.substr(6), " " + good, good + " ",
                    good + "\n", good + "=", good.substr(0, good.size() - 1), std::string(url_alphabet));
  CAPTURE(text);
  CHECK_FALSE(IsEndpointSecret(text));
}

}  // namespace
}  // namespace multihub::webhooks
