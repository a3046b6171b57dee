#include "multihub/net/http_call.h"

#include <curl/curl.h>

#include <algorithm>
#include <string_view>

#include "multihub/base/check.h"
#include "net/curl_handles.h"

namespace multihub::net {
namespace {

struct Receiver {
  HttpAnswer answer;
  std::size_t max_bytes = 0;
  bool too_large = false;
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* context) {
  auto* receiver = static_cast<Receiver*>(context);
  const std::size_t bytes = size * count;
  if (receiver->answer.body.size() + bytes > receiver->max_bytes) {
    receiver->too_large = true;
    return 0;
  }
  receiver->answer.body.append(data, bytes);
  return bytes;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* context) {
  auto* receiver = static_cast<Receiver*>(context);
  const std::string line(data, size * count);
  const std::size_t colon = line.find(':');
  // A status line begins the headers anew (after 100 Continue).
  if (line.rfind("HTTP/", 0) == 0) receiver->answer.headers.clear();
  if (colon != std::string::npos) {
    receiver->answer.headers.emplace_back(Lower(line.substr(0, colon)),
                                          Trimmed(std::string_view(line).substr(colon + 1)));
  }
  return size * count;
}

CurlList HeadersOf(const HttpCall& call) {
  CurlList list;
  for (const auto& [name, value] : call.headers) list.AppendHeader(name, value);
  return list;
}

// The URL is the operator's: the library reads it, and finds what is wrong with it.
CURLcode SetOptions(CURL* handle, const HttpCall& call, const CurlList& headers, Receiver* receiver) {
  SetOption(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.deadline_ms));
  SetOption(handle, CURLOPT_HTTPHEADER, headers.get());
  SetOption(handle, CURLOPT_WRITEFUNCTION, &OnBody);
  SetOption(handle, CURLOPT_WRITEDATA, static_cast<void*>(receiver));
  SetOption(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
  SetOption(handle, CURLOPT_HEADERDATA, static_cast<void*>(receiver));
  if (call.method == "POST") {
    SetOption(handle, CURLOPT_POST, 1L);
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    SetOption(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
  return curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
}

}  // namespace

std::string HttpAnswer::Header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

base::Result<HttpAnswer, std::string> Send(const HttpCall& call) {
  MULTIHUB_CHECK(call.method == "GET" || call.method == "POST");
  const CurlList headers = HeadersOf(call);
  const CurlEasy handle = NewCurlEasy();
  Receiver receiver;
  receiver.max_bytes = call.max_response_bytes;
  CURLcode code = SetOptions(handle.get(), call, headers, &receiver);
  if (code == CURLE_OK) code = curl_easy_perform(handle.get());
  if (receiver.too_large) return base::Fail(std::string("the answer is too large"));
  if (code != CURLE_OK) return base::Fail(std::string(curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  receiver.answer.status = static_cast<int>(status);
  return std::move(receiver.answer);
}

}  // namespace multihub::net
