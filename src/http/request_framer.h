// Bytes of one connection in, framed requests out. Pure: no sockets, no clock, no threads; what the fuzz target and the
// split tests drive.
//
// Boost.Beast's parser decides what the header block means and decodes the chunks. Before it sees a line, that line
// has passed a stricter check here, since Beast is more liberal than is safe behind a proxy with another opinion
// (folded lines, "Content-Length: 5, 5", repeated lengths, any two transfer codings, no Host...). Structure (header
// block, chunk size line, trailer section) is handed to Beast only when complete, so that what is accepted depends on
// the bytes alone and never on how they were split into packets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/forwarded.h"
#include "multihub/http/front.h"

namespace multihub::http {

struct FramedRequest {
  Request request;         // client_address is left empty
  Forwarding forwarding;   // of a trusted proxy's request
  bool keep_alive = true;  // what RFC 9112 section 9.3 makes of version and Connection; false after body_too_large
  bool http_1_0 = false;
  bool head = false;
};

class RequestFramer {
 public:
  enum class Step { kNeedMore, kRequest, kFault };
  enum class Phase { kIdle, kHeader, kBody, kClosed };

  // `options` must outlive the framer. FramedRequest::forwarding is filled in for the requests of trusted proxies only.
  explicit RequestFramer(const FrontOptions& options, bool from_trusted_proxy = false);
  ~RequestFramer();
  RequestFramer(const RequestFramer&) = delete;
  RequestFramer& operator=(const RequestFramer&) = delete;

  // Takes over bytes just read. Ignored once closed.
  void Append(std::string_view bytes, std::int64_t now_us);

  // The next thing the bytes so far amount to. After a fault, and after a request whose body is too large, the framer
  // is closed: it drops its bytes and says kNeedMore for ever.
  Step Next(FramedRequest* request, FramingFault* fault);

  // Drops everything and reads nothing more.
  void Close();

  // Bytes appended and not yet taken into a request.
  std::size_t buffered() const { return buffer_.size() - begin_; }

  // After Next said kNeedMore: what is being waited for, and since when (kHeader: the request's first byte; kBody: its
  // last header byte). Empty lines before a request do not begin it.
  Phase phase() const;
  std::int64_t phase_since_us() const { return phase_since_us_; }

  // The client waits for "100 Continue": asked for in the header, no byte of the body here yet.
  bool wants_continue() const;
  void ContinueSent() { continue_wanted_ = false; }

 private:
  class Parser;
  enum class State { kStart, kHeader, kLengthBody, kChunkLine, kChunkData, kTrailer, kClosed };
  // Where a moment of reading begins in the stream.
  struct Mark {
    std::uint64_t offset;
    std::int64_t us;
  };

  Step NextStart();
  Step NextHeader();
  Step NextLengthBody();
  Step NextChunkLine();
  Step NextChunkData();
  Step NextTrailer();
  // One step of the state machine; kNeedMore with `moved_` set means: go on with the next state.
  Step Advance();

  // Scans lines from scan_ on, to and with the empty line that ends the section. `limit` counts from begin_.
  Step ScanSection(std::size_t limit, bool has_request_line);
  Step HeaderDone();
  Step TooLarge();
  Step Complete();
  Step Fault(FramingFault fault);
  bool Feed(std::size_t n);
  void Consume(std::size_t n);
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

  const FrontOptions& options_;
  std::unique_ptr<Parser> parser_;

  std::string buffer_;
  std::size_t begin_ = 0;   // first byte not consumed
  std::uint64_t base_ = 0;  // stream offset of buffer_[0]
  std::vector<Mark> marks_;
  std::int64_t last_append_us_ = 0;

  State state_ = State::kStart;
  bool moved_ = false;
  std::int64_t phase_since_us_ = 0;
  int empty_lines_ = 0;
  std::size_t scan_ = 0;           // relative to begin_: bytes already checked of the section or line
  std::size_t line_start_ = 0;     // relative to begin_
  std::size_t lines_ = 0;          // field lines of the section so far
  std::uint64_t length_left_ = 0;  // of the body or the chunk
  std::size_t extension_bytes_ = 0;
  bool first_chunk_ = true;
  bool continue_wanted_ = false;
  FramingFault fault_ = FramingFault::kMalformed;
};

}  // namespace multihub::http
