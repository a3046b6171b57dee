#include "net/curl_handles.h"

namespace multihub::net {

void InitializeCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  MULTIHUB_CHECK(code == CURLE_OK);
}

CurlEasy NewCurlEasy() {
  InitializeCurl();
  CurlEasy handle(curl_easy_init());
  MULTIHUB_CHECK(handle != nullptr);
  SetOption(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  SetOption(handle.get(), CURLOPT_PROXY, "");
  SetOption(handle.get(), CURLOPT_FOLLOWLOCATION, 0L);
  SetOption(handle.get(), CURLOPT_NOSIGNAL, 1L);
  return handle;
}

void CurlList::Append(const std::string& text) {
  curl_slist* longer = curl_slist_append(first_.get(), text.c_str());
  MULTIHUB_CHECK(longer != nullptr);
  // The first element owns the others, and appending does not change it once there is one.
  if (first_ == nullptr) first_.reset(longer);
}

void CurlList::AppendHeader(const std::string& name, const std::string& value) {
  // "Name:" would mean "do not send it", and so would a value of blanks.
  Append(Trimmed(value).empty() ? name + ";" : name + ": " + value);
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace multihub::net
