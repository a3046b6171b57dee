// A merchant's web server, as webhooks meet it: it records every request and answers, or misbehaves, as it is told.
//
//   WebhookReceiver receiver;
//   receiver.On("/hook", {Reaction::Answer(503), Reaction::Answer(200)});
//   ... have receiver.Url("/hook") called ...
//   REQUIRE(receiver.WaitFor(2));
//   CHECK(receiver.Received().back().Header("webhook-id") != nullptr);
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/tcp_client.h"

namespace multihub::support {

struct ReceivedRequest {
  std::string method;
  std::string path;                                          // with its query
  std::vector<std::pair<std::string, std::string>> headers;  // in the order sent, names as sent, values trimmed
  std::string body;
  std::chrono::steady_clock::time_point at;  // when its last byte had been read
  std::size_t connection = 0;                // 1 for the first one accepted, and so on

  // The first header of that name (any case); nullptr when absent.
  const std::string* Header(std::string_view name) const;
};

// What becomes of one request.
struct Reaction {
  enum class Then {
    kKeep,  // the next request of the connection, unless this one asked to close it
    kClose,
    kReset,
    kHang,  // nothing more is answered; the connection stays until its client closes it
  };

  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Length
  std::string body;
  std::optional<std::string> raw;              // the bytes to send in place of all of the above; may be none
  bool endless = false;                        // `body` again and again, without a length, until the client closes
  std::chrono::milliseconds delay{0};          // before the first byte
  std::chrono::milliseconds byte_interval{0};  // over 0: a pause after each byte
  Then then = Then::kKeep;

  static Reaction Answer(int status, std::string body = {},
                         std::vector<std::pair<std::string, std::string>> headers = {});
  static Reaction Delayed(std::chrono::milliseconds delay, int status = 200);
  static Reaction NeverAnswer();
  static Reaction CloseUnanswered();
  static Reaction ResetUnanswered();
  static Reaction Garbage(std::string bytes = "This is no HTTP.\r\n\r\n");  // and closes
  static Reaction ByteByByte(std::chrono::milliseconds interval, int status = 200);
  static Reaction Endless();  // as fast as the client reads
};

struct WebhookReceiverOptions {
  bool ipv6 = false;  // listens on [::1] as well, with the same port
};

// HTTP/1.1 on 127.0.0.1: any number of kept connections, answered by one thread that no reaction keeps from the others.
// Everything not told otherwise is answered 200 without a body. Requests need a Content-Length to have a body;
// what is not such HTTP is answered 400, not recorded, and its connection closed. A connection whose client has closed
// its side goes at once, whatever was still to be sent.
//
// Any thread may call the members.
class WebhookReceiver {
 public:
  using Requests = std::vector<ReceivedRequest>;
  // Runs on the receiver's thread, for one request after the other: quickly, and without throwing. It may call members,
  // those that wait excepted.
  using React = std::function<Reaction(const ReceivedRequest&)>;

  // Listens when it returns. Throws std::runtime_error when it cannot, for example because there is no IPv6.
  explicit WebhookReceiver(WebhookReceiverOptions options = {});
  // Closes every connection.
  ~WebhookReceiver();
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  std::uint16_t port() const;
  // "http://127.0.0.1:PORT/hook" for "/hook"; and "http://[::1]:PORT/hook".
  std::string Url(std::string_view path = "/") const;
  std::string UrlV6(std::string_view path = "/") const;

  // An outage: closes every connection and refuses new ones, keeping the port. And its end. Done when they return; not
  // to be called from a React.
  void GoDown();
  void ComeBack();

  // For the requests to come at `path` (compared without the query). The list is gone through once, its last entry
  // stays; it is not empty.
  void On(const std::string& path, React react);
  void On(const std::string& path, Reaction reaction);
  void On(const std::string& path, std::vector<Reaction> reactions);
  // For the paths nothing was said about.
  void OnAnyOther(React react);

  // What came since the start or the last Clear, in the order in which the requests were complete.
  Requests Received() const;
  std::size_t count() const;
  // Forgets what came; reactions and connections stay.
  void Clear();

  // Wait until so many requests, or more, have come, or until the predicate holds; false when `timeout` passed before.
  // The predicate runs on the caller's thread, again after each arrival, and calls no member.
  bool WaitFor(std::size_t count, std::chrono::milliseconds timeout = kDefaultTimeout) const;
  bool WaitFor(const std::function<bool(const Requests&)>& predicate,
               std::chrono::milliseconds timeout = kDefaultTimeout) const;

  std::size_t accepted_connections() const;  // since the start
  std::size_t open_connections() const;
  // Waits until that many are open: with 0, until every client is gone.
  bool WaitForOpenConnections(std::size_t count, std::chrono::milliseconds timeout = kDefaultTimeout) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::support
