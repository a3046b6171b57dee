// A merchant: signs its requests, checks the signatures of the answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/json.h"
#include "support/tcp_client.h"

namespace multihub::support {

// Lower-case hex of SHA-512(body + secret): the value of X-Data-Hash. By OpenSSL, not by the gateway's own code.
std::string Sign(std::string_view body, std::string_view secret);

// A request as bytes. `headers` are written in that order after Host; Content-Length is added unless one is given.
std::string HttpRequest(std::string_view verb, std::string_view path,
                        const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body);

struct Answer {
  std::string transport_error;  // empty: an HTTP response came. Otherwise the rest says nothing
  int http_status = 0;
  HttpResponse http;
  std::string raw;             // body as received
  nlohmann::json json;         // discarded (is_discarded()) when the body is no JSON
  bool has_signature = false;  // X-Data-Hash is there
  bool signature_ok = false;   // and is that of exactly these bytes

  bool ok() const { return transport_error.empty(); }
  bool success() const { return json.is_object() && json.value("success", false); }
  // error.code; 0 when there is none.
  int code() const;
  // An object member chain such as "/result/payment/identifiers/h_id" (JSON pointer); null when absent.
  nlohmann::json at(const std::string& pointer) const;
};

// One application at one gateway, over one kept connection; for one thread. With MULTIHUB_TEST_FRONT=PORT calls to
// 127.0.0.1 go to that port instead, which is told by X-Gateway-Port whose they are: to tests/contract/npm/traffic.mjs.
class SignedClient {
 public:
  SignedClient(std::uint16_t port, std::int64_t application_id, std::string secret, std::string address = "127.0.0.1");

  // Sends the bytes of `body` signed. A connection the peer closed in the meantime is made anew before sending;
  // nothing is ever sent twice.
  Answer Call(std::string_view body);
  Answer Call(const nlohmann::json& body);

  // The headers Call would send for `body`, to alter and hand to CallRaw.
  std::vector<std::pair<std::string, std::string>> Headers(std::string_view body) const;
  Answer CallRaw(std::string_view verb, std::string_view path,
                 const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body);
  // As Call, with some headers replaced; an empty value leaves the header out.
  Answer CallWith(std::string_view body, const std::vector<std::pair<std::string, std::string>>& replaced);

  void set_port(std::uint16_t port);  // after the gateway was started again
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }
  TcpClient& connection() { return connection_; }
  const std::string& secret() const { return secret_; }

 private:
  bool EnsureConnected();
  Answer Read();

  std::string address_;
  std::uint16_t port_;
  std::int64_t application_id_;
  std::string secret_;
  std::chrono::milliseconds timeout_ = kDefaultTimeout;
  std::uint16_t front_port_ = 0;  // 0: none stands between
  TcpClient connection_;
};

}  // namespace multihub::support
