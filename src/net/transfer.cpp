#include "net/transfer.h"

#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "net/socket_address.h"

namespace multihub::net {
namespace {

// A call needs its entry of the address cache when it begins, and once more when a kept connection turns out to be dead
// at the first use. After that the entry would only fill memory.
constexpr long kAddressCacheSeconds = 10;

// A date is shorter. What is longer is none, and is not kept.
constexpr std::size_t kMaxRetryAfterBytes = 128;

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool HasHeader(const OutgoingCall& call, std::string_view name) {
  return std::any_of(call.headers.begin(), call.headers.end(),
                     [&](const auto& header) { return SameName(header.first, name); });
}

CallError ErrorOf(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return CallError::kNone;
    case CURLE_COULDNT_CONNECT:
      return CallError::kConnect;
    case CURLE_OPERATION_TIMEDOUT:
      return CallError::kTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return CallError::kTls;
    default:
      return CallError::kNetwork;
  }
}

// libcurl must have the addresses from us. This runs before it resolves anything itself, and says no.
int OnResolverStart(void*, void*, void*) { return 1; }

}  // namespace

Transfer::Transfer(bool keep_connections, const std::string& ca_file) : handle_(NewCurlEasy()) {
  CURL* const handle = this->handle();
  SetOption(handle, CURLOPT_USERAGENT, "multihub");
  SetOption(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  SetOption(handle, CURLOPT_HTTP09_ALLOWED, 0L);
  SetOption(handle, CURLOPT_PATH_AS_IS, 1L);  // ParseUrl compared the path as it is written
  SetOption(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  SetOption(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file.empty()) SetOption(handle, CURLOPT_CAINFO, ca_file.c_str());
  SetOption(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  SetOption(handle, CURLOPT_POST, 1L);
  SetOption(handle, CURLOPT_DNS_CACHE_TIMEOUT, kAddressCacheSeconds);
  SetOption(handle, CURLOPT_FORBID_REUSE, keep_connections ? 0L : 1L);
  SetOption(handle, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  SetOption(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  SetOption(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_RESOLVER_START_FUNCTION, &OnResolverStart);
  SetOption(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnOpenSocket);
  SetOption(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  SetOption(handle, CURLOPT_PREREQFUNCTION, &Transfer::OnBeforeRequest);
  SetOption(handle, CURLOPT_PREREQDATA, static_cast<void*>(this));
}

void Transfer::Begin(const OutgoingCall& call, PinnedTarget target, std::int64_t timeout_ms,
                     std::int64_t connect_timeout_ms) {
  target_ = std::move(target);
  max_read_bytes_ = call.max_read_bytes;
  max_kept_bytes_ = std::min(call.max_kept_bytes, call.max_read_bytes);
  read_bytes_ = 0;
  head_complete_ = false;
  too_long_ = false;
  strayed_ = false;
  answer_ = {};

  connect_to_ = {};
  connect_to_.Append(target_.ConnectTo());
  resolve_ = {};
  resolve_.Append(target_.Resolve());
  SetOption(handle(), CURLOPT_URL, call.url.c_str());
  SetOption(handle(), CURLOPT_CONNECT_TO, connect_to_.get());
  SetOption(handle(), CURLOPT_RESOLVE, resolve_.get());
  SetOption(handle(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  SetOption(handle(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout_ms));
  SetOption(handle(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  SetOption(handle(), CURLOPT_POSTFIELDS, call.body.data());
  SetHeaders(call);
}

void Transfer::SetHeaders(const OutgoingCall& call) {
  headers_ = {};
  for (const auto& [name, value] : call.headers) headers_.AppendHeader(name, value);
  for (const char* name : {"Expect", "Content-Type"}) {
    if (!HasHeader(call, name)) headers_.AppendWithoutHeader(name);
  }
  SetOption(handle(), CURLOPT_HTTPHEADER, headers_.get());
}

OutgoingAnswer Transfer::End(CURLcode code) {
  if (strayed_) return {CallError::kRefusedTarget, 0, "", "", "connection to an address that was not judged", 0};
  const CallError error = too_long_ ? CallError::kNone : ErrorOf(code);
  if (error != CallError::kNone) return {error, 0, "", "", curl_easy_strerror(code), 0};
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  // libcurl takes a head that the connection broke off for a whole one, and an interim answer for the final one.
  if (!head_complete_ || status < 200) return {CallError::kNetwork, 0, "", "", "the answer broke off", 0};
  answer_.status = static_cast<int>(status);
  return std::move(answer_);
}

std::size_t Transfer::OnHeader(char* data, std::size_t size, std::size_t count, void* context) {
  static_cast<Transfer*>(context)->TakeHeader({data, size * count});
  return size * count;
}

void Transfer::TakeHeader(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {
    // A status line begins the headers anew (after 100 Continue).
    answer_.retry_after.clear();
    head_complete_ = false;
  }
  if (line == "\r\n" || line == "\n") head_complete_ = true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !SameName(line.substr(0, colon), "retry-after")) return;
  const std::string_view value = Trimmed(line.substr(colon + 1));
  if (answer_.retry_after.empty() && value.size() <= kMaxRetryAfterBytes) answer_.retry_after = value;
}

std::size_t Transfer::OnBody(char* data, std::size_t size, std::size_t count, void* context) {
  return static_cast<Transfer*>(context)->TakeBody({data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
}

bool Transfer::TakeBody(std::string_view bytes) {
  answer_.body += bytes.substr(0, max_kept_bytes_ - answer_.body.size());
  read_bytes_ += bytes.size();
  too_long_ = read_bytes_ > max_read_bytes_;
  return !too_long_;
}

curl_socket_t Transfer::OnOpenSocket(void* context, curlsocktype, curl_sockaddr* address) {
  auto* transfer = static_cast<Transfer*>(context);
  const std::optional<SocketAddress> peer = ReadSocketAddress(&address->addr);
  if (!peer.has_value() || !transfer->target_.Holds(peer->address, peer->port)) {
    transfer->strayed_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// On a new connection and on a kept one, before the first byte of the request.
int Transfer::OnBeforeRequest(void* context, char* peer, char*, int peer_port, int) {
  auto* transfer = static_cast<Transfer*>(context);
  const std::optional<base::IpAddress> address = base::IpAddress::Parse(peer);
  const bool held = address.has_value() && transfer->target_.Holds(*address, static_cast<std::uint16_t>(peer_port));
  if (!held) transfer->strayed_ = true;
  return held ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

}  // namespace multihub::net
