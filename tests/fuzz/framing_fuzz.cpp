// Arbitrary bytes in arbitrary pieces. What must hold: no byte is read that is not there (AddressSanitizer); the pieces
// change nothing; limits are kept; after a fault nothing more comes out and nothing is kept.
//
// Input: the first byte says how many cuts there are, each further pair of bytes where one is, the rest is the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_framer.h"
#include "multihub/base/check.h"

namespace {

using multihub::http::FramedRequest;
using multihub::http::FramingFault;
using multihub::http::FrontOptions;
using multihub::http::RequestFramer;

FrontOptions Options() {
  FrontOptions options;
  options.headers = {"x-data-hash", "content-type"};
  options.unrepeatable = {"x-data-hash"};
  options.trusted_proxies = {multihub::base::Cidr::Parse("10.0.0.0/8").value()};
  options.max_header_bytes = 512;
  options.max_headers = 8;
  options.max_body_bytes = 64;
  return options;
}

void CheckRequest(const FramedRequest& framed, const FrontOptions& options) {
  const auto& request = framed.request;
  MULTIHUB_CHECK(!request.verb.empty());
  MULTIHUB_CHECK(!request.path.empty() && request.path.front() == '/');
  MULTIHUB_CHECK(request.path.find_first_of("?# \r\n") == std::string::npos);
  MULTIHUB_CHECK(request.headers.size() == options.headers.size());
  MULTIHUB_CHECK(request.body.size() <= options.max_body_bytes);
  MULTIHUB_CHECK(!request.body_too_large || (request.body.empty() && !framed.keep_alive));
  for (const auto& header : request.headers) {
    if (!header) continue;
    MULTIHUB_CHECK(header->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    MULTIHUB_CHECK(header->empty() || (header->front() != ' ' && header->back() != ' '));
  }
}

std::string Describe(const FramedRequest& framed) {
  const auto& request = framed.request;
  std::string text = request.verb + "|" + request.path;
  for (const auto& header : request.headers) text += header ? "|" + *header : "|-";
  text += framed.keep_alive ? "|keep" : "|close";
  text += framed.http_1_0 ? "|1.0" : "|1.1";
  text += framed.head ? "|head" : "|";
  text += request.body_too_large ? "|large" : "|";
  const auto client = ForwardedClient(framed.forwarding, Options().trusted_proxies);
  text += client ? "|" + client->Format() : "|-";
  return text + "|" + request.body;
}

void Take(RequestFramer* framer, const FrontOptions& options, std::vector<std::string>* events) {
  for (;;) {
    FramedRequest framed;
    FramingFault fault{};
    const auto step = framer->Next(&framed, &fault);
    if (step == RequestFramer::Step::kNeedMore) return;
    if (step == RequestFramer::Step::kFault) {
      events->push_back("fault " + std::to_string(static_cast<int>(fault)));
    } else {
      CheckRequest(framed, options);
      events->push_back(Describe(framed));
    }
  }
}

std::vector<std::string> Frame(std::string_view stream, std::vector<std::size_t> cuts) {
  const FrontOptions options = Options();
  RequestFramer framer(options, true);
  std::vector<std::string> events;
  std::size_t begin = 0;
  cuts.push_back(stream.size());
  for (const std::size_t end : cuts) {
    // A copy of its own, so that reading past its end is seen.
    const std::vector<char> piece(stream.begin() + static_cast<std::ptrdiff_t>(begin),
                                  stream.begin() + static_cast<std::ptrdiff_t>(end));
    framer.Append(std::string_view(piece.data(), piece.size()), 1);
    Take(&framer, options, &events);
    const bool closed = framer.phase() == RequestFramer::Phase::kClosed;
    MULTIHUB_CHECK(!closed || framer.buffered() == 0);
    // What waits is at most an unfinished header block, chunk line or trailer section.
    MULTIHUB_CHECK(framer.buffered() <= 2 * options.max_header_bytes);
    begin = end;
  }
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    MULTIHUB_CHECK(events[i].rfind("fault ", 0) != 0);
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const std::size_t cut_count = std::min<std::size_t>(static_cast<unsigned char>(input[0]) % 8, (size - 1) / 2);
  const std::string_view stream = input.substr(1 + 2 * cut_count);
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < cut_count; ++i) {
    const std::size_t at =
        static_cast<unsigned char>(input[1 + 2 * i]) * 256u + static_cast<unsigned char>(input[2 + 2 * i]);
    cuts.push_back(at % (stream.size() + 1));
  }
  std::sort(cuts.begin(), cuts.end());

  const auto whole = Frame(stream, {});
  MULTIHUB_CHECK(Frame(stream, cuts) == whole);
  std::vector<std::size_t> every(stream.size());
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i;
  MULTIHUB_CHECK(Frame(stream, every) == whole);
  return 0;
}
