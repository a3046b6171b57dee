#include "multihub/net/http_call.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "multihub/base/check.h"

namespace multihub::net {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// The library wants one initialisation, before any of its other functions and not in parallel.
void InitializeOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  MULTIHUB_CHECK(code == CURLE_OK);
}

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

std::string Trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
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
    receiver->answer.headers.emplace_back(Lower(line.substr(0, colon)), Trimmed(line.substr(colon + 1)));
  }
  return size * count;
}

HeaderList ToList(const HttpCall& call) {
  HeaderList list(nullptr, &curl_slist_free_all);
  for (const auto& [name, value] : call.headers) {
    const std::string line = name + ": " + value;
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    MULTIHUB_CHECK(longer != nullptr);
    // The list's owner is its first element, which appending does not change once there is one.
    if (list == nullptr) list.reset(longer);
  }
  return list;
}

void SetOptions(CURL* handle, const HttpCall& call, const HeaderList& headers, Receiver* receiver) {
  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.deadline_ms));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, receiver);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, receiver);
  if (call.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
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
  InitializeOnce();
  const Handle handle(curl_easy_init(), &curl_easy_cleanup);
  MULTIHUB_CHECK(handle != nullptr);
  const HeaderList headers = ToList(call);
  Receiver receiver;
  receiver.max_bytes = call.max_response_bytes;
  SetOptions(handle.get(), call, headers, &receiver);
  const CURLcode code = curl_easy_perform(handle.get());
  if (receiver.too_large) return base::Fail(std::string("the answer is too large"));
  if (code != CURLE_OK) return base::Fail(std::string(curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  receiver.answer.status = static_cast<int>(status);
  return std::move(receiver.answer);
}

}  // namespace multihub::net
