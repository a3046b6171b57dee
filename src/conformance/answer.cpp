#include "conformance/answer.h"

#include <algorithm>
#include <charconv>

#include "conformance/outgoing.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/whole_number.h"

namespace multihub::conformance {
namespace {

constexpr std::int64_t kCloseWaitMs = 2000;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> ToSize(std::string_view text, int base) {
  std::size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "HTTP/1.1 200 OK"
std::optional<int> StatusOf(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
  const auto status = ToSize(line.substr(9, 3), 10);
  if (!status || *status < 100 || *status > 599) return std::nullopt;
  return static_cast<int>(*status);
}

std::optional<int> CodeOf(base::JsonValue root) {
  const base::JsonValue success = root["success"];
  if (!success.is_bool()) return std::nullopt;
  if (success.boolean()) return 0;
  const base::JsonValue code = root["error"]["code"];
  if (!code.is_number()) return std::nullopt;
  const base::WholeNumber number = base::ParseWholeNumber(code.number_text());
  if (number.kind != base::WholeNumber::Kind::kInRange || number.value <= 0 || number.value > 99999)
    return std::nullopt;
  return static_cast<int>(number.value);
}

SignatureState SignatureOf(const HttpResponse& response, std::string_view secret) {
  const std::string* given = response.Header("x-data-hash");
  if (given == nullptr) return SignatureState::kAbsent;
  const auto bytes = base::HexDecode(*given);
  const bool right = bytes && base::EqualConstantTime(*bytes, base::Sha512({response.body, secret}));
  return right ? SignatureState::kVerified : SignatureState::kWrong;
}

// What happens after the response: more bytes (they are nobody's), an end, or nothing.
bool ClosesSoon(Connection* connection) {
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kCloseWaitMs);
  std::string rest;
  while (rest.size() < ResponseReader::kMaxBodyBytes) {
    const auto end = connection->Read(&rest, deadline);
    if (!end.ok()) return false;
    if (*end != Connection::End::kMore) return rest.empty();
  }
  return false;
}

}  // namespace

const std::string* HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

ResponseReader::State ResponseReader::Break(const std::string& problem) {
  problem_ = problem;
  return State::kBroken;
}

ResponseReader::State ResponseReader::Feed(std::string_view bytes, bool ended) {
  buffer_ += bytes;
  if (!head_read_) {
    const State state = ReadHead();
    if (state == State::kBroken) return state;
    if (state == State::kMore) {
      if (!ended) return state;
      return Break(buffer_.empty() ? "the connection was closed without an answer"
                                   : "the connection was closed within the head of the answer");
    }
  }
  return chunked_ ? ReadChunks(ended) : ReadBody(ended);
}

ResponseReader::State ResponseReader::ReadHead() {
  const std::string_view start = std::string_view(buffer_).substr(0, 5);
  if (start != std::string_view("HTTP/").substr(0, start.size())) return Break("what came is no HTTP");
  const std::size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    return buffer_.size() > kMaxHeadBytes ? Break("the head of the answer is over 64 KiB") : State::kMore;
  }
  response_.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  const std::string_view head = response_.head;
  const auto status = StatusOf(head.substr(0, head.find("\r\n")));
  if (!status) return Break("what came is no HTTP");
  response_.status = *status;
  response_.headers.clear();
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, line_end - at);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Break("a header of the answer has no colon");
    response_.headers.emplace_back(Lower(line.substr(0, colon)), std::string(Trimmed(line.substr(colon + 1))));
    at = line_end + 2;
  }
  if (response_.status < 200) return ReadHead();
  head_read_ = true;
  if (const std::string* coding = response_.Header("transfer-encoding")) {
    chunked_ = Lower(*coding) == "chunked";
    if (!chunked_) return Break("the answer has a transfer coding nobody asked for");
  } else if (const std::string* length = response_.Header("content-length")) {
    length_ = ToSize(*length, 10);
    if (!length_) return Break("the Content-Length of the answer is no number");
    if (*length_ > kMaxBodyBytes) return Break("the answer is over 1 MiB");
  } else if (response_.status == 204 || response_.status == 304) {
    length_ = 0;
  }
  return State::kDone;
}

ResponseReader::State ResponseReader::ReadBody(bool ended) {
  if (buffer_.size() > kMaxBodyBytes) return Break("the answer is over 1 MiB");
  const bool complete = length_ ? buffer_.size() >= *length_ : ended;
  if (!complete) return ended ? Break("the connection was closed within the answer") : State::kMore;
  if (length_ && buffer_.size() > *length_) return Break("bytes follow the answer that belong to nothing");
  response_.body = std::move(buffer_);
  return State::kDone;
}

ResponseReader::State ResponseReader::ReadChunks(bool ended) {
  for (;;) {
    const std::size_t line_end = buffer_.find("\r\n");
    if (line_end == std::string::npos) break;
    const std::string_view line = std::string_view(buffer_).substr(0, line_end);
    const auto size = ToSize(Trimmed(line.substr(0, line.find(';'))), 16);
    if (!size || *size > kMaxBodyBytes) return Break("a chunk of the answer has no proper size");
    if (*size == 0) {
      if (buffer_.find("\r\n\r\n", line_end) == std::string::npos) break;
      return State::kDone;
    }
    if (buffer_.size() < line_end + 2 + *size + 2) break;
    response_.body.append(buffer_, line_end + 2, *size);
    buffer_.erase(0, line_end + 2 + *size + 2);
    if (response_.body.size() > kMaxBodyBytes) return Break("the answer is over 1 MiB");
  }
  if (ended) return Break("the connection was closed within the answer");
  return buffer_.size() > 2 * kMaxBodyBytes ? Break("the answer is over 1 MiB") : State::kMore;
}

base::Result<HttpResponse, std::string> Converse(const Target& target, std::string_view request, bool until_closed,
                                                 std::int64_t timeout_ms) {
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  auto connection = Connection::Open(target, deadline);
  if (!connection.ok()) return base::Fail(connection.error());
  // A peer may answer and close before it has read everything: the answer counts then.
  const auto sent = connection->Send(request, deadline);
  ResponseReader reader;
  for (;;) {
    std::string in;
    const auto end = connection->Read(&in, deadline);
    if (!end.ok()) return base::Fail(sent.ok() ? end.error() : sent.error());
    const bool ended = *end != Connection::End::kMore;
    const ResponseReader::State state = reader.Feed(in, ended);
    if (state == ResponseReader::State::kBroken) return base::Fail(sent.ok() ? reader.problem() : sent.error());
    if (state == ResponseReader::State::kMore) continue;
    HttpResponse response = reader.Take();
    response.closed = ended || (until_closed && ClosesSoon(&connection.value()));
    return response;
  }
}

Answer::Answer(HttpResponse response, std::string_view secret)
    : http_(std::make_shared<const HttpResponse>(std::move(response))) {
  signature_ = SignatureOf(*http_, secret);
  // Deeper than any answer of this API, so that a reason can be given for what is wrong with it.
  auto parsed = base::JsonDocument::Parse(http_->body, 64);
  if (!parsed.ok()) return;
  document_ = std::make_shared<const base::JsonDocument>(std::move(parsed).value());
  code_ = CodeOf(document_->root());
}

base::JsonValue Answer::json() const { return document_ == nullptr ? base::JsonValue() : document_->root(); }

std::string Describe(const Answer& answer) {
  std::string text;
  if (answer.code()) text = *answer.code() == 0 ? "success, " : "code " + std::to_string(*answer.code()) + ", ";
  text += "HTTP " + std::to_string(answer.http().status);
  const std::string* type = answer.http().Header("content-type");
  if (!answer.code()) text += type == nullptr ? ", no envelope" : ", " + ForPeople(*type) + ", no envelope";
  return text;
}

}  // namespace multihub::conformance
