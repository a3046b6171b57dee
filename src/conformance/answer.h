// What came back for one request, read as HTTP and as an envelope.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/connection.h"
#include "multihub/base/json_reader.h"

namespace multihub::conformance {

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values trimmed
  std::string body;                                          // without chunks
  std::string head;                                          // as received
  bool closed = false;                                       // the peer had closed when the response was complete

  // The first of that name; nullptr when there is none.
  const std::string* Header(std::string_view name) const;
};

// Reads bytes as they come; for one response, interim ones (1xx) skipped.
class ResponseReader {
 public:
  enum class State { kMore, kDone, kBroken };
  static constexpr std::size_t kMaxHeadBytes = 64 * 1024;
  static constexpr std::size_t kMaxBodyBytes = 1024 * 1024;

  // `ended`: nothing comes after these bytes.
  State Feed(std::string_view bytes, bool ended);
  // After kBroken: what is wrong, as a part of a sentence.
  const std::string& problem() const { return problem_; }
  HttpResponse Take() { return std::move(response_); }

 private:
  State Break(const std::string& problem);
  State ReadHead();
  State ReadBody(bool ended);
  State ReadChunks(bool ended);

  std::string buffer_;
  HttpResponse response_;
  bool head_read_ = false;
  bool chunked_ = false;
  std::optional<std::size_t> length_;
  std::string problem_;
};

// Sends `request` on a connection of its own and reads one response. With `until_closed` the peer is then given up to
// two seconds to close; what it did stands in `closed`. The error is a part of a sentence.
base::Result<HttpResponse, std::string> Converse(const Target& target, std::string_view request, bool until_closed,
                                                 std::int64_t timeout_ms);

enum class SignatureState { kAbsent, kVerified, kWrong };

// Copies share the document.
class Answer {
 public:
  // `secret`: what the answer may be signed with.
  Answer(HttpResponse response, std::string_view secret);

  const HttpResponse& http() const { return *http_; }
  SignatureState signature() const { return signature_; }
  // Absent when the body is no JSON.
  base::JsonValue json() const;
  // 0: success; the error code; nullopt: the body is no envelope at all.
  std::optional<int> code() const { return code_; }

 private:
  std::shared_ptr<const HttpResponse> http_;
  std::shared_ptr<const base::JsonDocument> document_;
  SignatureState signature_ = SignatureState::kAbsent;
  std::optional<int> code_;
};

// "HTTP 404, text/html": an answer in a few words.
std::string Describe(const Answer& answer);

}  // namespace multihub::conformance
