#include "support/signed_client.h"

#include <openssl/sha.h>
#include <strings.h>

#include <cstdlib>

#include "support/gateway_process.h"

namespace multihub::support {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

bool EqualNames(const std::string& a, const std::string& b) { return ::strcasecmp(a.c_str(), b.c_str()) == 0; }

std::uint16_t FrontOf(const std::string& address) {
  const char* port = std::getenv("MULTIHUB_TEST_FRONT");
  return port == nullptr || address != "127.0.0.1" ? 0 : static_cast<std::uint16_t>(std::atoi(port));
}

}  // namespace

std::string Sign(std::string_view body, std::string_view secret) {
  std::string bytes(body);
  bytes.append(secret);
  unsigned char digest[SHA512_DIGEST_LENGTH];
  ::SHA512(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

std::string HttpRequest(std::string_view verb, std::string_view path, const HeaderList& headers,
                        std::string_view body) {
  std::string bytes;
  bytes.append(verb).append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  bool has_length = false;
  for (const auto& [name, value] : headers) {
    has_length = has_length || EqualNames(name, "Content-Length") || EqualNames(name, "Transfer-Encoding");
    bytes.append(name).append(": ").append(value).append("\r\n");
  }
  if (!has_length) bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  bytes.append("\r\n").append(body);
  return bytes;
}

int Answer::code() const {
  const nlohmann::json value = at("/error/code");
  return value.is_number_integer() ? value.get<int>() : 0;
}

nlohmann::json Answer::at(const std::string& pointer) const {
  const nlohmann::json::json_pointer path(pointer);
  if (!json.is_structured() || !json.contains(path)) return nullptr;
  return json.at(path);
}

SignedClient::SignedClient(std::uint16_t port, std::int64_t application_id, std::string secret, std::string address)
    : address_(std::move(address)),
      port_(port),
      application_id_(application_id),
      secret_(std::move(secret)),
      front_port_(FrontOf(address_)) {}

void SignedClient::set_port(std::uint16_t port) {
  port_ = port;
  connection_.Close();
}

HeaderList SignedClient::Headers(std::string_view body) const {
  return {{"Content-Type", "application/json"},
          {"X-Data-Application-Id", std::to_string(application_id_)},
          {"X-Data-Hash", Sign(body, secret_)}};
}

Answer SignedClient::Call(std::string_view body) { return CallRaw("POST", kApiPath, Headers(body), body); }

Answer SignedClient::Call(const nlohmann::json& body) { return Call(std::string_view(body.dump())); }

Answer SignedClient::CallWith(std::string_view body, const HeaderList& replaced) {
  HeaderList headers = Headers(body);
  for (const auto& change : replaced) {
    std::erase_if(headers, [&](const auto& header) { return EqualNames(header.first, change.first); });
    if (!change.second.empty()) headers.push_back(change);
  }
  return CallRaw("POST", kApiPath, headers, body);
}

bool SignedClient::EnsureConnected() {
  if (connection_.connected() && !connection_.IsClosedByPeer(std::chrono::milliseconds(0))) return true;
  return connection_.Connect(address_, front_port_ != 0 ? front_port_ : port_, timeout_);
}

Answer SignedClient::CallRaw(std::string_view verb, std::string_view path, const HeaderList& headers,
                             std::string_view body) {
  if (!EnsureConnected()) {
    Answer answer;
    answer.transport_error = connection_.last_error();
    return answer;
  }
  HeaderList sent = headers;
  if (front_port_ != 0) sent.emplace_back("X-Gateway-Port", std::to_string(port_));
  // A failed send is no answer yet: the peer may have refused the request and closed before taking all of it.
  connection_.SendAll(HttpRequest(verb, path, sent, body), timeout_);
  return Read();
}

Answer SignedClient::Read() {
  Answer answer;
  std::optional<HttpResponse> response = connection_.ReadHttpResponse(timeout_);
  if (!response.has_value()) {
    answer.transport_error = connection_.last_error();
    connection_.Close();
    return answer;
  }
  answer.http = std::move(*response);
  answer.http_status = answer.http.status;
  answer.raw = answer.http.body;
  answer.json = nlohmann::json::parse(answer.raw, nullptr, false);
  const std::string* hash = answer.http.Header("X-Data-Hash");
  answer.has_signature = hash != nullptr;
  answer.signature_ok = hash != nullptr && *hash == Sign(answer.raw, secret_);
  const std::string* connection = answer.http.Header("Connection");
  const bool closes = connection != nullptr && EqualNames(*connection, "close");
  if (closes || answer.http.ended_by_close) connection_.Close();
  return answer;
}

}  // namespace multihub::support
