#include "http/request_framer.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "multihub/base/seeded_fault.h"

namespace multihub::http {
namespace {

namespace beast = boost::beast;

constexpr int kMaxEmptyLines = 2;  // RFC 9112 section 2.2: some clients end a body with an extra CRLF
constexpr std::size_t kMaxChunkDigits = 16;
constexpr std::size_t kMaxChunkExtension = 256;
constexpr std::int64_t kMarkGapUs = 50'000;     // reads closer together count as one
constexpr std::size_t kKeptBuffer = 32 * 1024;  // of an idle connection

enum CharClass : unsigned char { kText = 1, kToken = 2, kTarget = 4, kHost = 8, kHexDigit = 16, kPrintable = 32 };

constexpr std::array<unsigned char, 256> MakeCharClasses() {
  std::array<unsigned char, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    unsigned char value = 0;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) value |= kText;
    if (alnum || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos) {
      value |= kToken;
    }
    if (c >= 0x20 && c < 0x7f) value |= kPrintable;
    if (c > 0x20 && c < 0x7f && c != '#') value |= kTarget;
    if (alnum ||
        (c > 0 && std::string_view("-._~!$&'()*+,;=%:[]").find(static_cast<char>(c)) != std::string_view::npos)) {
      value |= kHost;
    }
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')) value |= kHexDigit;
    classes[static_cast<std::size_t>(c)] = value;
  }
  return classes;
}
constexpr std::array<unsigned char, 256> kCharClasses = MakeCharClasses();

bool Is(char c, CharClass wanted) { return (kCharClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

bool AllAre(std::string_view text, CharClass wanted) {
  return std::all_of(text.begin(), text.end(), [wanted](char c) { return Is(c, wanted); });
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) { return Lower(a) == b; });
}

bool RequestLineIsSound(std::string_view line) {
  const std::size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos || method_end == 0) return false;
  const std::size_t target_end = line.find(' ', method_end + 1);
  if (target_end == std::string_view::npos) return false;
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  // Only the origin form: an absolute target may name another host than Host does, and proxies differ in which they
  // believe.
  return AllAre(line.substr(0, method_end), kToken) && !target.empty() && target.front() == '/' &&
         AllAre(target, kTarget) && (version == "HTTP/1.1" || version == "HTTP/1.0");
}

// A folded line begins with a blank, a line without a name with a colon; neither passes.
bool FieldLineIsSound(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon != std::string_view::npos && colon != 0 && AllAre(line.substr(0, colon), kToken);
}

// RFC 9110 section 5.3: a repeated field means its values in a list.
void Keep(std::string_view value, std::optional<std::string>* kept) {
  if (*kept) {
    (*kept)->append(", ").append(value);
  } else {
    kept->emplace(value);
  }
}

}  // namespace

// What one message says, gathered from Beast's callbacks.
class RequestFramer::Parser {
 public:
  Parser(const FrontOptions& options, bool from_trusted_proxy)
      : options_(options),
        keeps_forwarded_(from_trusted_proxy && options.forwarded_field != ForwardedField::kXForwardedFor),
        keeps_x_forwarded_for_(from_trusted_proxy && options.forwarded_field != ForwardedField::kForwarded),
        repeated_(options.unrepeatable.size()) {}

  void Start(std::int64_t received_us);
  // Whether Beast took all of `bytes` without complaint.
  bool Feed(std::string_view bytes);

  // After the header block: what its fields say together.
  std::optional<FramingFault> FinishHeader();
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  bool chunked() const { return chunked_; }
  bool expects_continue() const { return expects_continue_; }

  std::size_t body_size() const { return framed_.request.body.size(); }
  void set_in_trailer() { in_trailer_ = true; }
  FramingFault fault() const { return fault_; }
  void MarkTooLarge();
  FramedRequest Take() { return std::move(framed_); }

 private:
  class Beast : public beast::http::basic_parser<true> {
   public:
    explicit Beast(Parser* parser) : parser_(parser) {
      header_limit(static_cast<std::uint32_t>(parser->options_.max_header_bytes * 2 + 1024));
      // Not boost::none: Beast 1.74 then takes every length for too large. The limit is ours to keep.
      body_limit(std::numeric_limits<std::uint64_t>::max());
    }

   private:
    using Error = beast::error_code;
    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         Error&) override {
      parser_->TakeRequestLine(View(method), View(target), version);
    }
    void on_response_impl(int, beast::string_view, int, Error&) override {}
    void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                       Error& error) override {
      if (!parser_->TakeField(field, View(name), View(value))) error = beast::http::error::bad_field;
    }
    void on_header_impl(Error&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, Error&) override {}
    std::size_t on_body_impl(beast::string_view body, Error&) override {
      parser_->framed_.request.body.append(body.data(), body.size());
      return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, Error& error) override {
      return on_body_impl(body, error);
    }
    void on_finish_impl(Error&) override {}

    Parser* parser_;
  };

  void TakeRequestLine(std::string_view method, std::string_view target, int version);
  bool TakeField(beast::http::field field, std::string_view name, std::string_view value);
  bool TakeContentLength(std::string_view value);
  bool TakeTransferEncoding(std::string_view value);
  bool TakeHost(std::string_view value);
  bool TakeExpect(std::string_view value);
  bool NoteRepeated(std::string_view name);
  void KeepIfWanted(std::string_view name, std::string_view value);
  bool Refuse(FramingFault fault) {
    fault_ = fault;
    return false;
  }

  const FrontOptions& options_;
  const bool keeps_forwarded_, keeps_x_forwarded_for_;
  std::optional<Beast> beast_;
  FramedRequest framed_;
  std::vector<bool> repeated_;
  FramingFault fault_ = FramingFault::kMalformed;
  std::optional<std::uint64_t> content_length_;
  bool chunked_ = false;
  bool has_host_ = false;
  bool expects_continue_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
  bool in_trailer_ = false;
};

void RequestFramer::Parser::Start(std::int64_t received_us) {
  beast_.emplace(this);
  framed_ = FramedRequest{};
  framed_.request.received_us = received_us;
  framed_.request.headers.resize(options_.headers.size());
  std::fill(repeated_.begin(), repeated_.end(), false);
  fault_ = FramingFault::kMalformed;
  content_length_.reset();
  chunked_ = has_host_ = expects_continue_ = says_close_ = says_keep_alive_ = in_trailer_ = false;
}

bool RequestFramer::Parser::Feed(std::string_view bytes) {
  beast::error_code error;
  const std::size_t taken = beast_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  return !error && taken == bytes.size();
}

void RequestFramer::Parser::TakeRequestLine(std::string_view method, std::string_view target, int version) {
  framed_.request.verb = method;
  framed_.request.path = target.substr(0, target.find('?'));
  framed_.head = method == "HEAD";
  framed_.http_1_0 = version == 10;
}

bool RequestFramer::Parser::TakeField(beast::http::field field, std::string_view name, std::string_view value) {
  // Beast itself refuses the trailer fields that would change the framing; no other trailer field means anything here.
  if (in_trailer_) return true;
  if (!NoteRepeated(name)) return Refuse(FramingFault::kRepeatedHeader);
  using Field = beast::http::field;
  switch (field) {
    case Field::content_length:
      if (!TakeContentLength(value)) return false;
      break;
    case Field::transfer_encoding:
      if (!TakeTransferEncoding(value)) return false;
      break;
    case Field::host:
      if (!TakeHost(value)) return false;
      break;
    case Field::expect:
      if (!TakeExpect(value)) return false;
      break;
    case Field::connection:
      for (const auto token : beast::http::token_list(beast::string_view(value.data(), value.size()))) {
        says_close_ |= EqualsIgnoringCase(View(token), "close");
        says_keep_alive_ |= EqualsIgnoringCase(View(token), "keep-alive");
      }
      break;
    default:
      break;
  }
  KeepIfWanted(name, value);
  return true;
}

bool RequestFramer::Parser::TakeContentLength(std::string_view value) {
  if (content_length_) return Refuse(FramingFault::kRepeatedHeader);
  if (value.empty() || value.size() > 19) return false;
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  content_length_ = length;
  return true;
}

bool RequestFramer::Parser::TakeTransferEncoding(std::string_view value) {
  if (chunked_) return Refuse(FramingFault::kRepeatedHeader);
  if (!EqualsIgnoringCase(value, "chunked")) return Refuse(FramingFault::kUnsupportedTransferCoding);
  chunked_ = true;
  return true;
}

bool RequestFramer::Parser::TakeHost(std::string_view value) {
  if (has_host_) return Refuse(FramingFault::kRepeatedHeader);
  has_host_ = true;
  return AllAre(value, kHost);
}

bool RequestFramer::Parser::TakeExpect(std::string_view value) {
  if (framed_.http_1_0) return true;  // RFC 9110 section 10.1.1: to be ignored there
  expects_continue_ = EqualsIgnoringCase(value, "100-continue");
  return expects_continue_;
}

bool RequestFramer::Parser::NoteRepeated(std::string_view name) {
  for (std::size_t i = 0; i < repeated_.size(); ++i) {
    if (!EqualsIgnoringCase(name, options_.unrepeatable[i])) continue;
    if (repeated_[i]) return base::SeededFault("repeated-signature-header");
    repeated_[i] = true;
    return true;
  }
  return true;
}

void RequestFramer::Parser::KeepIfWanted(std::string_view name, std::string_view value) {
  for (std::size_t i = 0; i < options_.headers.size(); ++i) {
    if (EqualsIgnoringCase(name, options_.headers[i])) return Keep(value, &framed_.request.headers[i]);
  }
  if (keeps_forwarded_ && EqualsIgnoringCase(name, "forwarded")) {
    Keep(value, &framed_.forwarding.forwarded);
  } else if (keeps_x_forwarded_for_ && EqualsIgnoringCase(name, "x-forwarded-for")) {
    Keep(value, &framed_.forwarding.x_forwarded_for);
  }
}

std::optional<FramingFault> RequestFramer::Parser::FinishHeader() {
  if (!has_host_ && !framed_.http_1_0) return FramingFault::kMalformed;
  // RFC 9112 section 6.1: a sender of 1.0 does not know chunks, whoever added the field does not know the sender.
  if (chunked_ && framed_.http_1_0) return FramingFault::kMalformed;
  if (chunked_ && content_length_) return FramingFault::kMalformed;
  framed_.keep_alive = !says_close_ && (!framed_.http_1_0 || says_keep_alive_);
  return std::nullopt;
}

void RequestFramer::Parser::MarkTooLarge() {
  framed_.request.body = std::string();
  framed_.request.body_too_large = true;
  framed_.keep_alive = false;
}

RequestFramer::RequestFramer(const FrontOptions& options, bool from_trusted_proxy)
    : options_(options), parser_(std::make_unique<Parser>(options, from_trusted_proxy)) {}

RequestFramer::~RequestFramer() = default;

void RequestFramer::Append(std::string_view bytes, std::int64_t now_us) {
  if (state_ == State::kClosed || bytes.empty()) return;
  if (begin_ == buffer_.size()) {
    base_ += begin_;
    begin_ = 0;
    if (buffer_.capacity() > kKeptBuffer) buffer_ = std::string();
    buffer_.clear();
    marks_.clear();
  } else if (begin_ > buffer_.size() / 2) {
    base_ += begin_;
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  if (marks_.empty() || now_us - marks_.back().us >= kMarkGapUs) marks_.push_back({base_ + buffer_.size(), now_us});
  last_append_us_ = now_us;
  buffer_.append(bytes);
}

RequestFramer::Step RequestFramer::Next(FramedRequest* request, FramingFault* fault) {
  Step step;
  do {
    moved_ = false;
    step = Advance();
  } while (step == Step::kNeedMore && moved_);
  if (step == Step::kFault) {
    *fault = fault_;
    Close();
  } else if (step == Step::kRequest) {
    *request = parser_->Take();
    if (request->request.body_too_large) Close();
  }
  return step;
}

RequestFramer::Step RequestFramer::Advance() {
  switch (state_) {
    case State::kStart:
      return NextStart();
    case State::kHeader:
      return NextHeader();
    case State::kLengthBody:
      return NextLengthBody();
    case State::kChunkLine:
      return NextChunkLine();
    case State::kChunkData:
      return NextChunkData();
    case State::kTrailer:
      return NextTrailer();
    case State::kClosed:
      break;
  }
  return Step::kNeedMore;
}

void RequestFramer::Close() {
  state_ = State::kClosed;
  continue_wanted_ = false;
  buffer_ = std::string();
  begin_ = 0;
  marks_.clear();
}

RequestFramer::Phase RequestFramer::phase() const {
  switch (state_) {
    case State::kStart:
      return Phase::kIdle;
    case State::kHeader:
      return Phase::kHeader;
    case State::kClosed:
      return Phase::kClosed;
    default:
      return Phase::kBody;
  }
}

bool RequestFramer::wants_continue() const {
  return continue_wanted_ && buffered() == 0 && parser_->body_size() == 0 &&
         (state_ == State::kLengthBody || (state_ == State::kChunkLine && first_chunk_));
}

RequestFramer::Step RequestFramer::NextStart() {
  while (buffered() > 0 && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) {
    if (buffer_[begin_] == '\n') return Fault(FramingFault::kMalformed);
    if (buffered() < 2) return Step::kNeedMore;
    if (buffer_[begin_ + 1] != '\n' || ++empty_lines_ > kMaxEmptyLines) return Fault(FramingFault::kMalformed);
    Consume(2);
  }
  if (buffered() == 0) return Step::kNeedMore;

  const std::uint64_t offset = base_ + begin_;
  std::size_t current = 0;
  while (current + 1 < marks_.size() && marks_[current + 1].offset <= offset) ++current;
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(current));
  phase_since_us_ = marks_.front().us;

  parser_->Start(phase_since_us_);
  empty_lines_ = 0;
  scan_ = line_start_ = lines_ = 0;
  continue_wanted_ = false;
  state_ = State::kHeader;
  moved_ = true;
  return Step::kNeedMore;
}

RequestFramer::Step RequestFramer::ScanSection(std::size_t limit, bool has_request_line) {
  const std::string_view bytes = rest();
  const std::size_t end = std::min(bytes.size(), limit);
  for (;;) {
    const bool request_line = has_request_line && line_start_ == 0;
    while (scan_ < end && Is(bytes[scan_], request_line ? kPrintable : kText)) ++scan_;
    if (scan_ < end && bytes[scan_] != '\r') return Fault(FramingFault::kMalformed);
    if (scan_ + 1 >= end) return end < bytes.size() ? Fault(FramingFault::kHeaderTooLarge) : Step::kNeedMore;
    if (bytes[scan_ + 1] != '\n') return Fault(FramingFault::kMalformed);

    const std::string_view line = bytes.substr(line_start_, scan_ - line_start_);
    scan_ += 2;
    line_start_ = scan_;
    if (line.empty()) return Step::kRequest;
    if (!request_line && ++lines_ > options_.max_headers) return Fault(FramingFault::kHeaderTooLarge);
    if (!(request_line ? RequestLineIsSound(line) : FieldLineIsSound(line))) return Fault(FramingFault::kMalformed);
  }
}

RequestFramer::Step RequestFramer::NextHeader() {
  const Step scanned = ScanSection(options_.max_header_bytes, true);
  if (scanned != Step::kRequest) return scanned;
  if (!Feed(scan_)) return Fault(parser_->fault());
  return HeaderDone();
}

RequestFramer::Step RequestFramer::HeaderDone() {
  if (const auto fault = parser_->FinishHeader()) return Fault(*fault);
  phase_since_us_ = last_append_us_;
  if (parser_->chunked()) {
    first_chunk_ = true;
    extension_bytes_ = 0;
    scan_ = line_start_ = 0;
    state_ = State::kChunkLine;
  } else {
    length_left_ = parser_->content_length().value_or(0);
    if (length_left_ == 0) return Complete();
    const bool at_limit = length_left_ == options_.max_body_bytes;
    if (base::SeededFault("body-limit-off-by-one") && at_limit) return TooLarge();
    if (length_left_ > options_.max_body_bytes) return TooLarge();
    state_ = State::kLengthBody;
  }
  continue_wanted_ = parser_->expects_continue();
  moved_ = true;
  return Step::kNeedMore;
}

RequestFramer::Step RequestFramer::NextLengthBody() {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(length_left_, buffered()));
  if (n == 0) return Step::kNeedMore;
  if (!Feed(n)) return Fault(FramingFault::kMalformed);
  length_left_ -= n;
  return length_left_ == 0 ? Complete() : Step::kNeedMore;
}

// "\r\n" that ends the chunk before (Beast wants it with the next line), then size, extension, "\r\n".
RequestFramer::Step RequestFramer::NextChunkLine() {
  const std::string_view bytes = rest();
  const std::size_t start = first_chunk_ ? 0 : 2;
  for (; scan_ < std::min(start, bytes.size()); ++scan_) {
    if (bytes[scan_] != (scan_ == 0 ? '\r' : '\n')) return Fault(FramingFault::kMalformed);
  }
  const std::size_t end = std::min(bytes.size(), start + kMaxChunkDigits + kMaxChunkExtension);
  while (scan_ < end && Is(bytes[scan_], kText)) ++scan_;
  if (scan_ < end && bytes[scan_] != '\r') return Fault(FramingFault::kMalformed);
  if (scan_ + 1 >= end) return end < bytes.size() ? Fault(FramingFault::kMalformed) : Step::kNeedMore;
  if (bytes[scan_ + 1] != '\n') return Fault(FramingFault::kMalformed);

  const std::string_view line = bytes.substr(start, scan_ - start);
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < line.size() && Is(line[digits], kHexDigit)) {
    const char c = Lower(line[digits++]);
    if (digits > kMaxChunkDigits) return Fault(FramingFault::kMalformed);
    size = size * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  extension_bytes_ += line.size() - digits;
  if (digits == 0 || extension_bytes_ > options_.max_header_bytes) return Fault(FramingFault::kMalformed);

  scan_ += 2;
  if (size == 0) {
    line_start_ = scan_;
    lines_ = 0;
    state_ = State::kTrailer;
  } else {
    if (size > options_.max_body_bytes - parser_->body_size()) return TooLarge();
    if (!Feed(scan_)) return Fault(FramingFault::kMalformed);
    length_left_ = size;
    state_ = State::kChunkData;
  }
  moved_ = true;
  return Step::kNeedMore;
}

RequestFramer::Step RequestFramer::NextChunkData() {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(length_left_, buffered()));
  if (n == 0) return Step::kNeedMore;
  if (!Feed(n)) return Fault(FramingFault::kMalformed);
  length_left_ -= n;
  if (length_left_ > 0) return Step::kNeedMore;
  first_chunk_ = false;
  scan_ = 0;
  state_ = State::kChunkLine;
  moved_ = true;
  return Step::kNeedMore;
}

RequestFramer::Step RequestFramer::NextTrailer() {
  // The last chunk's line is still in front of the section.
  const Step scanned = ScanSection(kMaxChunkDigits + kMaxChunkExtension + options_.max_header_bytes, false);
  if (scanned != Step::kRequest) return scanned;
  parser_->set_in_trailer();
  if (!Feed(scan_)) return Fault(FramingFault::kMalformed);
  return Complete();
}

RequestFramer::Step RequestFramer::TooLarge() {
  parser_->MarkTooLarge();
  return Step::kRequest;
}

RequestFramer::Step RequestFramer::Complete() {
  state_ = State::kStart;
  continue_wanted_ = false;
  return Step::kRequest;
}

RequestFramer::Step RequestFramer::Fault(FramingFault fault) {
  fault_ = fault;
  return Step::kFault;
}

bool RequestFramer::Feed(std::size_t n) {
  const bool taken = parser_->Feed(rest().substr(0, n));
  Consume(n);
  return taken;
}

void RequestFramer::Consume(std::size_t n) { begin_ += n; }

}  // namespace multihub::http
