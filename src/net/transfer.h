// One outgoing call on a libcurl handle, which is used again for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "multihub/net/http_client.h"
#include "net/curl_handles.h"
#include "net/pinned_target.h"

namespace multihub::net {

// All members on one thread.
class Transfer {
 public:
  // `ca_file`: as in HttpClientOptions.
  Transfer(bool keep_connections, const std::string& ca_file);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }

  // Prepares the handle to be added to a multi handle. `call` is used until End, its URL and headers must have passed
  // ReadTarget, and both times must be positive.
  void Begin(const OutgoingCall& call, PinnedTarget target, std::int64_t timeout_ms, std::int64_t connect_timeout_ms);

  // After the handle was removed from the multi handle: what became of the call; without its duration.
  OutgoingAnswer End(CURLcode code);

 private:
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* context);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* context);
  static curl_socket_t OnOpenSocket(void* context, curlsocktype purpose, curl_sockaddr* address);
  static int OnBeforeRequest(void* context, char* peer, char* own, int peer_port, int own_port);

  void SetHeaders(const OutgoingCall& call);
  void TakeHeader(std::string_view line);
  bool TakeBody(std::string_view bytes);

  // The lists stand before the handle that refers to them, and outlive it.
  CurlList headers_;
  CurlList connect_to_;
  CurlList resolve_;
  CurlEasy handle_;

  PinnedTarget target_;
  std::size_t max_read_bytes_ = 0;
  std::size_t max_kept_bytes_ = 0;
  std::size_t read_bytes_ = 0;
  bool head_complete_ = false;
  bool too_long_ = false;
  bool strayed_ = false;  // libcurl wanted an address that is not of the target
  OutgoingAnswer answer_;
};

}  // namespace multihub::net
