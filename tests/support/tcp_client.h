// A raw TCP client with deadlines, for tests that decide about every byte.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multihub::support {

inline constexpr std::chrono::milliseconds kDefaultTimeout{30000};

struct HttpResponse {
  std::string version;  // "HTTP/1.1"
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // in the order received, names as sent, values trimmed
  std::string body;                                          // de-chunked
  bool ended_by_close = false;  // the body had neither a length nor chunks: it ended with the connection

  // The first header of that name (any case); nullptr when absent.
  const std::string* Header(std::string_view name) const;
  std::size_t CountHeader(std::string_view name) const;
};

// One connection, used by one thread at a time. Nothing throws; what failed is said by last_error().
class TcpClient {
 public:
  using Milliseconds = std::chrono::milliseconds;

  TcpClient() = default;
  ~TcpClient();  // Close()
  TcpClient(TcpClient&& other) noexcept;
  TcpClient& operator=(TcpClient&& other) noexcept;

  // Bytes of the kernel's receive buffer; before Connect. A small one makes a slow reader.
  void set_receive_buffer(int bytes) { receive_buffer_ = bytes; }

  // `address` is numeric: "127.0.0.1" or "::1". Closes a connection still open.
  bool Connect(const std::string& address, std::uint16_t port, Milliseconds timeout = kDefaultTimeout);
  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  // False when the peer closed or did not take all in time.
  bool SendAll(std::string_view bytes, Milliseconds timeout = kDefaultTimeout);
  // One send per byte, no delaying of small segments; each is acknowledged by the peer's kernel before the next.
  bool SendByteByByte(std::string_view bytes, Milliseconds timeout = kDefaultTimeout);
  // The same with pieces. `pause` after each piece but the last gives the peer time to read them apart.
  bool SendPieces(const std::vector<std::string_view>& pieces, std::chrono::microseconds pause = {},
                  Milliseconds timeout = kDefaultTimeout);

  // The next response, interim ones (100) included. Bytes after it are kept for the next call. nullopt: timeout,
  // connection ended before it was complete, or no HTTP response. `to_head`: the answer to HEAD has no body.
  std::optional<HttpResponse> ReadHttpResponse(Milliseconds timeout = kDefaultTimeout, bool to_head = false);
  // All bytes until the peer closes, a reset included (see was_reset()); nullopt when it does not within `timeout`
  // (the bytes stay readable).
  std::optional<std::string> ReadUntilClose(Milliseconds timeout = kDefaultTimeout);
  // Reads what there is, at least one byte unless the peer closed or `timeout` passed; at most `max_bytes`.
  std::string ReadSome(std::size_t max_bytes, Milliseconds timeout = kDefaultTimeout);
  // Waits for the peer's close. False when `timeout` passed or further bytes came instead (they stay readable).
  bool IsClosedByPeer(Milliseconds timeout);

  // Closes with a reset: what the peer still sends bounces.
  void Abort();
  void ShutdownWrite();
  void Close();

  // True when the last read ended by a reset instead of an orderly close.
  bool was_reset() const { return was_reset_; }
  const std::string& last_error() const { return last_error_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Fill { kBytes, kClosed, kTimeout };

  bool Fail(const std::string& what);
  bool WaitReady(short events, TimePoint deadline);
  bool WaitAcknowledged(TimePoint deadline);
  Fill FillBuffer(TimePoint deadline);
  // Removes the first line of the buffer, without CR LF.
  std::optional<std::string> ReadLine(TimePoint deadline);
  bool ReadExactly(std::size_t count, TimePoint deadline, std::string* out);
  bool ReadHeaders(TimePoint deadline, HttpResponse* response);
  bool ReadBody(TimePoint deadline, HttpResponse* response);
  bool ReadChunked(TimePoint deadline, std::string* out);

  int fd_ = -1;
  int receive_buffer_ = 0;
  bool was_reset_ = false;
  std::string buffer_;
  std::string last_error_;
};

}  // namespace multihub::support
