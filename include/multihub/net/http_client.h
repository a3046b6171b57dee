// Outgoing HTTP to addresses that somebody else chose: many calls at once on one thread, each judged before a packet
// goes out.
//
// A call's name is resolved once, by the Resolver, and every address it stands for is judged (address_guard.h): one
// refused address refuses the call. The connection then goes to the judged addresses and to no other; nothing resolves
// a second time. Literal addresses in any spelling, and the names of the machine itself (localhost), are judged alike
// without a resolver. The gateway's own listening addresses (`own_addresses`) are refused as well.
//
// Redirects are not followed, proxies of the environment are not used, nothing but http and https is spoken, by
// HTTP/1.1, and a certificate must be good for the system's store. Connections are kept, and used again for calls of
// the same origin with the same judged addresses; not after two idle minutes. When a kept connection
// turns out to be dead before a byte of the answer came, the request is sent once more on a new one: its server may see
// it twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "multihub/base/ip_address.h"
#include "multihub/net/address_guard.h"

namespace multihub::net {

struct OutgoingCall {
  std::string url;  // without user information and fragment
  // Sent as given; besides them only Host, User-Agent, Accept and Content-Length. A name that is no token, or a value
  // with a control character (a line break, a NUL) in it, is never sent: the call ends with kRefusedTarget.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;                          // sent by POST, also when empty
  std::int64_t timeout_ms = 30'000;          // from Send to the last byte, resolving included
  std::int64_t connect_timeout_ms = 10'000;  // from Send to the connection, its TLS included
  std::size_t max_read_bytes = 64 * 1024;    // the connection is closed when the answer's body is longer
  std::size_t max_kept_bytes = 1024;
};

enum class CallError {
  kNone,           // an answer came, whatever its status; a body that was too long counts as one
  kRefusedTarget,  // the URL or a header cannot be sent, or an address the URL stands for is not to be called
  kResolve,        // the name does not resolve
  kConnect,        // refused, unreachable
  kTls,            // no handshake, or a certificate that is not good for this host
  kTimeout,        // a time of the call was over, while resolving too
  kNetwork,        // the connection broke, or what came was no HTTP; or the client was stopped
};
// "refused_target", "resolve", "connect", "tls", "timeout", "network"; "" for kNone. Stored with attempts.
std::string_view NameOf(CallError error);

struct OutgoingAnswer {
  CallError error = CallError::kNone;
  // With kNone only:
  int status = 0;
  std::string body;         // its first max_kept_bytes
  std::string retry_after;  // the header, trimmed; empty when there is none
  // With an error only, for logs. Of a refused address its RefusedRange::reason, or "own address"; else a few fixed
  // words. Never a piece of the URL or of an answer.
  std::string detail;
  std::int64_t duration_ms = 0;  // since Send
};

// Turns a name into addresses, at most once for each call; on threads of the client, several at once. Empty: it does
// not resolve. Does not throw. One that is still at it when the client stops may run on for a while: it must own what
// it uses.
using Resolver = std::function<std::vector<base::IpAddress>(const std::string& host)>;
// What the system's name service says, IPv4 and IPv6.
Resolver SystemResolver();

// An address the gateway itself listens on.
struct OwnAddress {
  base::IpAddress address;  // 0.0.0.0 and :: stand for every address of this machine
  std::uint16_t port = 0;
};

struct HttpClientOptions {
  AddressPolicy policy;
  std::vector<OwnAddress> own_addresses;  // not asked for under policy.allow_private
  // Started when they are needed. This many names that answer slowly or never must be under way before one more call
  // has to wait for its turn.
  int resolver_threads = 64;
  // PEM, the authorities that vouch for https servers; empty: those the system trusts. One that cannot be read makes
  // every https call fail with kTls.
  std::string ca_file;
  std::size_t max_idle_connections = 256;  // 0: none is kept
};

class HttpClient {
 public:
  HttpClient(HttpClientOptions options, Resolver resolver);
  ~HttpClient();  // Stop

  // `done` runs exactly once, on the client's thread, and never within Send; it must be quick and must not throw, and
  // may call Send. After Stop has begun it runs at once with kNetwork, within Send. Any thread.
  void Send(OutgoingCall call, std::function<void(OutgoingAnswer)> done);

  // Ends every open call with kNetwork and joins. No `done` of a call sent before runs after it returns. Waits up to
  // two seconds for resolvers under way; one that takes longer is left to end by itself, and its result dropped. Not
  // from `done`. Any thread, any number of times.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::net
