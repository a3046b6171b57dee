// What every caller of libcurl needs: its one initialisation, owners for its handles and lists, and the options that
// hold for all calls of this program.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "multihub/base/check.h"

namespace multihub::net {

// Before any other function of the library but those for URLs. Any thread, any number of times.
void InitializeCurl();

struct CurlEasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyCleanup>;

// Never nullptr. Speaks http and https and nothing else, straight to the server whatever proxy the environment names,
// follows no redirect and raises no signal.
CurlEasy NewCurlEasy();

// For options that cannot fail but by our own mistake. Numbers and switches are long, as the library wants them.
template <typename T>
void SetOption(CURL* handle, CURLoption option, T value) {
  MULTIHUB_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

// A list of texts. What it hands to a handle must live as long as the handle uses it.
class CurlList {
 public:
  void Append(const std::string& text);
  // A line for CURLOPT_HTTPHEADER that is sent as it stands, an empty value too.
  void AppendHeader(const std::string& name, const std::string& value);
  // A line for CURLOPT_HTTPHEADER that keeps the library from adding a header of its own.
  void AppendWithoutHeader(const std::string& name) { Append(name + ":"); }

  // nullptr while it is empty.
  curl_slist* get() const { return first_.get(); }

 private:
  struct Cleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::unique_ptr<curl_slist, Cleanup> first_;
};

// Without the blanks and line ends around it.
std::string_view Trimmed(std::string_view text);

}  // namespace multihub::net
