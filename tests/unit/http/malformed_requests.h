// Requests that are not acceptable HTTP/1.x, for the framer's own tests and for the tests through sockets. Each ends
// where the server must have decided; what a test sends after it must never be read as a request.
#pragma once

#include <string>
#include <vector>

#include "multihub/http/front.h"

namespace multihub::http {

struct MalformedRequest {
  std::string name;
  std::string bytes;
  FramingFault fault;
};

// The limits, wanted and unrepeatable fields the table is made for.
inline FrontOptions FramingTestOptions() {
  FrontOptions options;
  options.headers = {"x-data-hash", "x-data-application-id", "content-type"};
  options.unrepeatable = {"x-data-hash", "x-data-application-id"};
  return options;
}

inline std::vector<MalformedRequest> MalformedRequests() {
  using Fault = FramingFault;
  const std::string post = "POST /p HTTP/1.1\r\n";
  const std::string host = "Host: gateway\r\n";
  const std::string start = post + host;
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string nul(1, '\0');
  const auto with = [&start](const std::string& fields) { return start + fields + "\r\n"; };
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };

  return {
      // Request line.
      {"HTTP/0.9", "GET /p\r\n\r\n", Fault::kMalformed},
      {"HTTP/1.2", "GET /p HTTP/1.2\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"HTTP/2.0", "GET /p HTTP/2.0\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"HTTP/2 connection preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Fault::kMalformed},
      {"lower-case protocol name", "GET /p http/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"another protocol", "GET /p HTCPCP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"two-digit minor version", "GET /p HTTP/1.10\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"version without minor", "GET /p HTTP/1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"two blanks after the method", "GET  /p HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"two blanks before the version", "GET /p  HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"blank after the version", "GET /p HTTP/1.1 \r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"blank before the method", " GET /p HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"tab for a blank", "GET\t/p HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"blank in the target", "GET /p q HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"method is no token", "G(T /p HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"absolute target", "GET http://other/p HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"asterisk target", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"authority target", "CONNECT other:443 HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"target without slash", "GET p HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"fragment in the target", "GET /p#top HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"raw UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"NUL in the target", "GET /p" + nul + " HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"bare LF after the request line", "GET /p HTTP/1.1\nHost: a\r\n\r\n", Fault::kMalformed},
      {"bare CR in the request line", "GET /p\r HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kMalformed},
      {"three empty lines first", "\r\n\r\n\r\n" + start + "\r\n", Fault::kMalformed},
      {"bare LF first", "\n" + start + "\r\n", Fault::kMalformed},
      {"bare CR first", "\r" + start + "\r\n", Fault::kMalformed},
      {"a TLS handshake", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), Fault::kMalformed},
      {"a response", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Fault::kMalformed},

      // Host.
      {"no Host", post + "\r\n", Fault::kMalformed},
      {"two Hosts", start + host + "\r\n", Fault::kRepeatedHeader},
      {"blank in Host", post + "Host: a b\r\n\r\n", Fault::kMalformed},
      {"list in Host", post + "Host: a/b\r\n\r\n", Fault::kMalformed},
      {"user in Host", post + "Host: user@a\r\n\r\n", Fault::kMalformed},

      // Field syntax.
      {"blank before the colon", with("X-A : 1\r\n"), Fault::kMalformed},
      {"blank before the colon of a length", with("Content-Length : 5\r\n"), Fault::kMalformed},
      {"tab before the colon", with("X-A\t: 1\r\n"), Fault::kMalformed},
      {"no colon", with("X-A 1\r\n"), Fault::kMalformed},
      {"empty name", with(": 1\r\n"), Fault::kMalformed},
      {"name is no token", with("X(A): 1\r\n"), Fault::kMalformed},
      {"raw UTF-8 in a name", with("X-\xc3\xa9: 1\r\n"), Fault::kMalformed},
      {"folded value", with("X-A: 1\r\n 2\r\n"), Fault::kMalformed},
      {"folded by tab", with("X-A: 1\r\n\t2\r\n"), Fault::kMalformed},
      {"folded first field", post + " X-A: 1\r\n" + host + "\r\n", Fault::kMalformed},
      {"folded transfer coding", with("Transfer-Encoding:\r\n chunked\r\n"), Fault::kMalformed},
      {"line of blanks only", with(" \r\n"), Fault::kMalformed},
      {"bare LF after a field", with("X-A: 1\nX-B: 2\r\n"), Fault::kMalformed},
      {"bare LF for the empty line", start + "\n", Fault::kMalformed},
      {"bare CR in a value", with("X-A: 1\rX-B: 2\r\n"), Fault::kMalformed},
      {"two CR before LF", with("X-A: 1\r\r\n"), Fault::kMalformed},
      {"NUL in a value", with("X-A: 1" + nul + "2\r\n"), Fault::kMalformed},
      {"NUL in a name", with("X-A" + nul + ": 1\r\n"), Fault::kMalformed},
      {"control character in a value", with("X-A: 1\x01\r\n"), Fault::kMalformed},
      {"DEL in a value", with("X-A: 1\x7f\r\n"), Fault::kMalformed},
      {"escape sequence in a value", with("X-A: \x1b[2J\r\n"), Fault::kMalformed},

      // Lengths.
      {"length with a plus", with("Content-Length: +5\r\n"), Fault::kMalformed},
      {"negative length", with("Content-Length: -1\r\n"), Fault::kMalformed},
      {"length with letters", with("Content-Length: 5abc\r\n"), Fault::kMalformed},
      {"hexadecimal length", with("Content-Length: 0x5\r\n"), Fault::kMalformed},
      {"word for a length", with("Content-Length: abc\r\n"), Fault::kMalformed},
      {"empty length", with("Content-Length:\r\n"), Fault::kMalformed},
      {"length of blanks", with("Content-Length:   \r\n"), Fault::kMalformed},
      {"fractional length", with("Content-Length: 5.0\r\n"), Fault::kMalformed},
      {"list of equal lengths", with("Content-Length: 5, 5\r\n"), Fault::kMalformed},
      {"list of different lengths", with("Content-Length: 5, 6\r\n"), Fault::kMalformed},
      {"length over 64 bits", with("Content-Length: 18446744073709551621\r\n"), Fault::kMalformed},
      {"length of forty digits", with("Content-Length: " + repeat("1", 40) + "\r\n"), Fault::kMalformed},
      {"two equal lengths", with("Content-Length: 5\r\nContent-Length: 5\r\n"), Fault::kRepeatedHeader},
      {"two different lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n"), Fault::kMalformed},
      {"length and chunks", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Fault::kMalformed},
      {"chunks and length", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), Fault::kMalformed},

      // Transfer codings.
      {"gzip", with("Transfer-Encoding: gzip\r\n"), Fault::kUnsupportedTransferCoding},
      {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), Fault::kUnsupportedTransferCoding},
      {"chunked, gzip", with("Transfer-Encoding: chunked, gzip\r\n"), Fault::kUnsupportedTransferCoding},
      {"chunked twice in a list", with("Transfer-Encoding: chunked, chunked\r\n"), Fault::kUnsupportedTransferCoding},
      {"identity", with("Transfer-Encoding: identity\r\n"), Fault::kUnsupportedTransferCoding},
      {"empty transfer coding", with("Transfer-Encoding:\r\n"), Fault::kUnsupportedTransferCoding},
      {"xchunked", with("Transfer-Encoding: xchunked\r\n"), Fault::kUnsupportedTransferCoding},
      {"chunked with a parameter", with("Transfer-Encoding: chunked;q=1\r\n"), Fault::kUnsupportedTransferCoding},
      {"quoted chunked", with("Transfer-Encoding: \"chunked\"\r\n"), Fault::kUnsupportedTransferCoding},
      {"vertical tab before chunked",
       with("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       Fault::kMalformed},
      {"two transfer codings", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
       Fault::kMalformed},
      {"chunks in HTTP/1.0", "POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::kMalformed},

      // Other fields the front understands.
      {"unknown expectation", with("Expect: 200-ok\r\n"), Fault::kMalformed},
      {"two expectations", with("Expect: 100-continue, x\r\n"), Fault::kMalformed},
      {"Connection is no list", with("Connection: close;;=\r\n"), Fault::kMalformed},
      {"repeated hash", with("X-Data-Hash: aa\r\nX-Data-Hash: aa\r\n"), Fault::kRepeatedHeader},
      {"repeated application id, other case", with("X-Data-Application-Id: 1\r\nx-data-application-ID: 2\r\n"),
       Fault::kRepeatedHeader},

      // Limits.
      {"header block over 8 KiB", with("X-A: " + repeat("a", 8300) + "\r\n"), Fault::kHeaderTooLarge},
      {"request line over 8 KiB", "GET /" + repeat("a", 8300) + " HTTP/1.1\r\n\r\n", Fault::kHeaderTooLarge},
      {"field name over 8 KiB", start + repeat("a", 8300), Fault::kHeaderTooLarge},
      {"101 fields", post + host + repeat("X-A: 1\r\n", 100) + "\r\n", Fault::kHeaderTooLarge},

      // Chunks.
      {"chunk size is no number", chunked + "g\r\n", Fault::kMalformed},
      {"empty chunk size", chunked + "\r\n", Fault::kMalformed},
      {"negative chunk size", chunked + "-5\r\n", Fault::kMalformed},
      {"chunk size with a plus", chunked + "+5\r\n", Fault::kMalformed},
      {"chunk size with 0x", chunked + "0x5\r\n", Fault::kMalformed},
      {"chunk size with an underscore", chunked + "1_0\r\n", Fault::kMalformed},
      {"blank before a chunk size", chunked + " 5\r\n", Fault::kMalformed},
      {"blank after a chunk size", chunked + "5 \r\n", Fault::kMalformed},
      {"chunk size over 64 bits", chunked + "10000000000000005\r\n", Fault::kMalformed},
      {"chunk size of many zeros", chunked + repeat("0", 40) + "5\r\n", Fault::kMalformed},
      {"bare LF after a chunk size", chunked + "5\nabcde\r\n0\r\n\r\n", Fault::kMalformed},
      {"bare CR after a chunk size", chunked + "5\rabcde\r\n0\r\n\r\n", Fault::kMalformed},
      {"NUL in a chunk extension", chunked + "5;a" + nul + "\r\n", Fault::kMalformed},
      {"bad chunk extension", chunked + "5;=\r\n", Fault::kMalformed},
      {"chunk extension without an end quote", chunked + "5;a=\"b\r\n", Fault::kMalformed},
      {"long chunk extension", chunked + "5;" + repeat("a", 300), Fault::kMalformed},
      {"long chunk extensions in all", chunked + repeat("1;" + repeat("a", 200) + "\r\nx\r\n", 50), Fault::kMalformed},
      {"chunk longer than its size", chunked + "3\r\nabcde\r\n0\r\n\r\n", Fault::kMalformed},
      {"no CR LF after a chunk", chunked + "3\r\nabc0\r\n\r\n", Fault::kMalformed},
      {"bare LF after a chunk", chunked + "3\r\nabc\n0\r\n\r\n", Fault::kMalformed},
      {"malformed trailer", chunked + "0\r\nX-A : 1\r\n\r\n", Fault::kMalformed},
      {"folded trailer", chunked + "0\r\nX-A: 1\r\n 2\r\n\r\n", Fault::kMalformed},
      {"length in the trailer", chunked + "0\r\nContent-Length: 5\r\n\r\n", Fault::kMalformed},
      {"transfer coding in the trailer", chunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::kMalformed},
      {"long trailer", chunked + "0\r\nX-A: " + repeat("a", 9000), Fault::kHeaderTooLarge},
      {"101 trailers", chunked + "0\r\n" + repeat("X-A: 1\r\n", 101), Fault::kHeaderTooLarge},
  };
}

}  // namespace multihub::http
