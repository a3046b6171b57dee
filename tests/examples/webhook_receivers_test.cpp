// The webhook verifiers of examples/, on what the gateway sends and on what it never would.
#include "examples_fixture.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "snippets/sent_webhook_fixture.h"

namespace multihub::examples {
namespace {

using snippets::kApiSecret;
using snippets::kEndpointSecret;
using snippets::kEventId;
using snippets::kMinuteMs;
using snippets::kOtherApiSecret;
using snippets::kOtherEndpointSecret;
using snippets::WithFlippedBit;

// The key is as long as a block of SHA-256 and holds every kind of byte.
constexpr const char* kLongEndpointSecret =
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A/v37+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg3w==";

// What a receiver got, and what it knows.
struct Delivery : snippets::SentWebhook {
  Env env = {{"MULTIHUB_SECRET", kApiSecret}, {"MULTIHUB_WEBHOOK_SECRET", kEndpointSecret}};
};

Delivery Sent(std::int64_t late_ms = 0, const std::string& api_secret = kApiSecret,
              const std::vector<std::string>& endpoint_secrets = {kEndpointSecret}) {
  return {snippets::SignedWebhook(late_ms, api_secret, endpoint_secrets)};
}

json Verify(const Language& language, const Delivery& delivery) {
  const support::TempDir dir;
  support::WriteFile(dir.File("headers"), delivery.HeaderText());
  support::WriteFile(dir.File("body"), delivery.body);
  Env env = delivery.env;
  env["TIMEOUT_S"] = "60";
  return Order(language, env, {"verify", dir.File("headers"), dir.File("body")});
}

void CheckTaken(const Language& language, const Delivery& delivery, const std::string& id = kEventId) {
  const json told = Verify(language, delivery);
  INFO(language.name << ": " << told.dump());
  CHECK(told["outcome"] == "done");
  CHECK(told["result"] == id);
}

void CheckRefused(const Language& language, const Delivery& delivery, const std::string& header) {
  const json told = Verify(language, delivery);
  INFO(language.name << ": " << told.dump());
  CHECK(told["outcome"] == "webhook refused");
  CHECK(told["header"] == header);
}

TEST_CASE("examples: each verifier takes what the sandbox sends") {
  support::WebhookReceiver receiver;
  json request = functional::Deposit(14702, 25000, "INR", "webhook/1");
  request["params"]["payment"]["webhook_url"] = receiver.Url("/hooks");
  support::SignedClient client = SharedSandbox().Client();
  const std::string h_id = functional::IdOf(functional::PaymentIn(client.Call(request)));
  REQUIRE(receiver.WaitFor(2));  // created, completed
  for (const support::ReceivedRequest& received : receiver.Received()) {
    Delivery delivery;
    delivery.headers = received.headers;
    delivery.body = received.body;
    const std::string secret =
        "whsec_" + base::Base64Encode(base::Sha256({"sandbox-webhook-secret-1-do-not-use-in-production"}));
    delivery.env = {{"MULTIHUB_SECRET", support::SandboxSecret(1)}, {"MULTIHUB_WEBHOOK_SECRET", secret}};
    const std::string id = json::parse(received.body)["id"].get<std::string>();
    CHECK(id.starts_with(h_id));
    for (const Language& language : Languages()) CheckTaken(language, delivery, id);
  }
}

TEST_CASE("examples: each verifier takes four minutes either way, and headers in lower case") {
  Delivery lower_case = Sent();
  lower_case.PutNamesInLowerCase();
  Delivery long_key = Sent(0, kApiSecret, {kLongEndpointSecret});
  long_key.env["MULTIHUB_WEBHOOK_SECRET"] = kLongEndpointSecret;
  for (const Language& language : Languages()) {
    CheckTaken(language, lower_case);
    CheckTaken(language, long_key);
    CheckTaken(language, Sent(4 * kMinuteMs));
    CheckTaken(language, Sent(-4 * kMinuteMs));
  }
}

TEST_CASE("examples: each verifier refuses what was altered, and names the header") {
  for (const Language& language : Languages()) {
    Delivery body = Sent();
    body.body = WithFlippedBit(body.body, body.body.size() / 2);
    CheckRefused(language, body, "X-Data-Hash");
    Delivery longer = Sent();
    longer.body += "\n";
    CheckRefused(language, longer, "X-Data-Hash");
    for (const std::string name : {"X-Data-Hash", "X-Webhook-Signature-V2", "webhook-signature"}) {
      Delivery signature = Sent();
      signature[name] = WithFlippedBit(signature[name], 20);
      CheckRefused(language, signature, name);
      Delivery missing = Sent();
      missing.Drop(name);
      CheckRefused(language, missing, name);
    }
    // The moments are signed.
    Delivery moment = Sent();
    moment["X-Webhook-Timestamp"] = WithFlippedBit(moment["X-Webhook-Timestamp"], 22);
    CheckRefused(language, moment, "X-Webhook-Signature-V2");
    Delivery seconds = Sent();
    seconds["webhook-timestamp"] = WithFlippedBit(seconds["webhook-timestamp"], 9);
    CheckRefused(language, seconds, "webhook-signature");
    Delivery id = Sent();
    id["webhook-id"] = WithFlippedBit(id["webhook-id"], 5);
    CheckRefused(language, id, "webhook-signature");
  }
}

TEST_CASE("examples: each verifier refuses what is more than five minutes old, or ahead") {
  for (const Language& language : Languages()) {
    for (const std::int64_t late_ms : {6 * kMinuteMs, -6 * kMinuteMs}) {
      CheckRefused(language, Sent(late_ms), "X-Webhook-Timestamp");
      Delivery half = Sent(late_ms);  // one family of headers replayed beside a fresh other one
      Delivery fresh = Sent();
      for (const std::string name : {"X-Webhook-Timestamp", "X-Webhook-Signature-V2"}) half[name] = fresh[name];
      CheckRefused(language, half, "webhook-timestamp");
    }
  }
}

TEST_CASE("examples: each verifier takes the previous secret while it is told of it, and not longer") {
  for (const Language& language : Languages()) {
    Delivery api = Sent(0, kOtherApiSecret);
    CheckRefused(language, api, "X-Data-Hash");
    api.env["MULTIHUB_PREVIOUS_SECRET"] = kOtherApiSecret;
    CheckTaken(language, api);

    Delivery endpoint = Sent(0, kApiSecret, {kOtherEndpointSecret});
    CheckRefused(language, endpoint, "webhook-signature");
    endpoint.env["MULTIHUB_PREVIOUS_WEBHOOK_SECRET"] = kOtherEndpointSecret;
    CheckTaken(language, endpoint);

    // The gateway signs with both; the receiver knows one.
    CheckTaken(language, Sent(0, kApiSecret, {kOtherEndpointSecret, kEndpointSecret}));
    CheckTaken(language, Sent(0, kApiSecret, {kEndpointSecret, kOtherEndpointSecret}));
  }
}

}  // namespace
}  // namespace multihub::examples
