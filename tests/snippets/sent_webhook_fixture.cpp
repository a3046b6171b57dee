#include "snippets/sent_webhook_fixture.h"

#include <algorithm>
#include <stdexcept>

#include "multihub/base/clock.h"
#include "multihub/base/secret_string.h"
#include "multihub/webhooks/signature.h"

namespace multihub::snippets {

std::string& SentWebhook::operator[](const std::string& name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& row) { return row.first == name; });
  if (found == headers.end()) throw std::invalid_argument("no header " + name);
  return found->second;
}

void SentWebhook::Drop(const std::string& name) {
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
}

void SentWebhook::PutNamesInLowerCase() {
  for (auto& [name, value] : headers) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }
}

std::string SentWebhook::HeaderText(const std::string& line_end) const {
  std::string text;
  for (const auto& [name, value] : headers) text += name + ": " + value + line_end;
  return text;
}

SentWebhook SignedWebhook(std::int64_t late_ms, const std::string& api_secret,
                          const std::vector<std::string>& endpoint_secrets) {
  SentWebhook sent;
  sent.body =
      std::string(R"({"id":")") + kEventId + R"(","data":{"note":"5 € \\ %s 'x' $HOME \u0022"},"merchant_id":"1"})";
  const base::SecretString api{std::string(api_secret)};
  std::vector<base::SecretString> endpoints;
  for (const std::string& secret : endpoint_secrets) endpoints.emplace_back(std::string(secret));
  webhooks::SignedAttempt attempt;
  attempt.id = kEventId;
  attempt.body = sent.body;
  attempt.at_ms = base::SystemClock().NowMs() - late_ms;
  attempt.nonce = "5d6b0f3e-3b6c-4a7e-9a53-0c8f6c1d2e4b";
  attempt.api_secret = &api;
  for (const base::SecretString& secret : endpoints) attempt.endpoint_secrets.push_back(&secret);
  sent.headers = webhooks::DeliveryHeaders(attempt);
  return sent;
}

std::string WithFlippedBit(std::string text, std::size_t at) {
  text.at(at) = static_cast<char>(text.at(at) ^ 1);
  return text;
}

}  // namespace multihub::snippets
