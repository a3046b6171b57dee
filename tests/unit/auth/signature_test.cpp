#include "multihub/auth/signature.h"
#include "support/json.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <string>

namespace multihub::auth {
namespace {

constexpr base::UnixMs kNow = 1'777'593'600'000;

Application WithSecret(const std::string& secret) {
  Application application;
  application.secret = base::SecretString(secret);
  return application;
}

std::string HashOf(const std::string& body, const std::string& secret) {
  return Sign(body, base::SecretString(secret));
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

nlohmann::json Vectors() {
  std::ifstream file(MULTIHUB_SOURCE_DIR "/tests/fixtures/vectors.json");
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

TEST_CASE("every published vector signs and verifies") {
  const auto vectors = Vectors()["x_data_hash"];
  REQUIRE(vectors.size() >= 5);
  for (const auto& vector : vectors) {
    CAPTURE(vector["name"]);
    const std::string body = vector["body"];
    const std::string secret = vector["secret"];
    const std::string hash = vector["x_data_hash"];
    CHECK(HashOf(body, secret) == hash);
    const bool has_secret = !secret.empty();
    CHECK(CheckSignature(WithSecret(secret), body, hash, kNow).verified() == has_secret);
    CHECK(CheckSignature(WithSecret(secret), body, Upper(hash), kNow).verified() == has_secret);
    CHECK_FALSE(CheckSignature(WithSecret(secret + "x"), body, hash, kNow).verified());
    CHECK_FALSE(CheckSignature(WithSecret(secret), body + " ", hash, kNow).verified());
  }
}

TEST_CASE("any one altered digit of the hash is refused") {
  const Application application = WithSecret("s");
  const std::string hash = HashOf("body", "s");
  for (std::size_t i = 0; i < hash.size(); ++i) {
    std::string altered = hash;
    altered[i] = altered[i] == '0' ? '1' : '0';
    CAPTURE(i);
    CHECK_FALSE(CheckSignature(application, "body", altered, kNow).verified());
  }
}

TEST_CASE("the border between body and secret does not matter to the sum, so it is fixed by the request") {
  // "ab" + "c" and "a" + "bc" hash alike: the formula is the contract's. A secret is never guessed from a body.
  CHECK(HashOf("ab", "c") == HashOf("a", "bc"));
  CHECK_FALSE(CheckSignature(WithSecret("c"), "a", HashOf("a", "bc"), kNow).verified());
}

TEST_CASE("the previous secret verifies until its time is over and the answer names the one that did") {
  Application application = WithSecret("new");
  application.previous_secret = base::SecretString("old");
  application.previous_until_ms = kNow;
  const std::string with_new = HashOf("body", "new");
  const std::string with_old = HashOf("body", "old");

  const SignatureCheck current = CheckSignature(application, "body", with_new, kNow - 1);
  CHECK(current.secret == &application.secret);
  CHECK_FALSE(current.with_previous);
  const SignatureCheck previous = CheckSignature(application, "body", with_old, kNow - 1);
  CHECK(previous.secret == &application.previous_secret);
  CHECK(previous.with_previous);

  CHECK_FALSE(CheckSignature(application, "body", with_old, kNow).verified());
  CHECK_FALSE(CheckSignature(application, "body", with_old, kNow + 1).verified());
  CHECK(CheckSignature(application, "body", with_new, kNow + 1).verified());
}

TEST_CASE("webhooks keep the previous secret until the new one is used or the overlap ends") {
  Application application = WithSecret("new");
  CHECK(WebhookSigningSecret(application, kNow).Reveal() == "new");
  application.previous_secret = base::SecretString("old");
  application.previous_until_ms = kNow + 1;
  application.secret_in_use = false;
  CHECK(WebhookSigningSecret(application, kNow).Reveal() == "old");
  CHECK(WebhookSigningSecret(application, kNow + 1).Reveal() == "new");
  application.secret_in_use = true;
  CHECK(WebhookSigningSecret(application, kNow).Reveal() == "new");
  // --overlap 0
  application.secret_in_use = false;
  application.previous_until_ms = 0;
  CHECK(WebhookSigningSecret(application, kNow).Reveal() == "new");
}

TEST_CASE("an absent secret verifies nothing, not even the hash of the body alone") {
  Application application;
  application.previous_until_ms = kNow + 1;
  CHECK_FALSE(CheckSignature(application, "body", HashOf("body", ""), kNow).verified());
  application.secret = base::SecretString("new");
  CHECK_FALSE(CheckSignature(application, "body", HashOf("body", ""), kNow).verified());
}

TEST_CASE("only 128 hex digits are a hash") {
  const std::string hash(128, 'a');
  CHECK(IsHashText(hash));
  CHECK(IsHashText(std::string(128, 'F')));
  CHECK_FALSE(IsHashText(""));
  CHECK_FALSE(IsHashText(hash.substr(1)));
  CHECK_FALSE(IsHashText(hash + "a"));
  for (const char c : {'g', 'G', ' ', '\0', '-', '/', ':', '@', '`'}) {
    std::string other = hash;
    other[64] = c;
    CHECK_FALSE(IsHashText(other));
    CHECK_FALSE(CheckSignature(WithSecret("s"), "body", other, kNow).verified());
  }
}

}  // namespace
}  // namespace multihub::auth
