#include "http/request_framer.h"

#include <catch2/catch.hpp>

#include "unit/http/malformed_requests.h"

namespace multihub::http {
namespace {

using Step = RequestFramer::Step;
using Phase = RequestFramer::Phase;

std::string Describe(const FramedRequest& framed) {
  const Request& request = framed.request;
  std::string text = request.verb + " " + request.path;
  for (const auto& header : request.headers) text += header ? " [" + *header + "]" : " -";
  text += framed.keep_alive ? " keep" : " close";
  if (framed.http_1_0) text += " 1.0";
  if (framed.head) text += " head";
  if (request.body_too_large) text += " too large";
  return text + " {" + request.body + "}";
}

// Everything the framer makes of what it has.
void Take(RequestFramer* framer, std::vector<std::string>* events) {
  for (;;) {
    FramedRequest request;
    FramingFault fault{};
    const Step step = framer->Next(&request, &fault);
    if (step == Step::kNeedMore) return;
    events->push_back(step == Step::kFault ? "fault " + std::to_string(static_cast<int>(fault)) : Describe(request));
  }
}

std::vector<std::string> Frame(const std::vector<std::string_view>& pieces,
                               const FrontOptions& options = FramingTestOptions()) {
  RequestFramer framer(options);
  std::vector<std::string> events;
  for (const std::string_view piece : pieces) {
    framer.Append(piece, 0);
    Take(&framer, &events);
  }
  return events;
}

std::vector<std::string_view> Bytes(std::string_view text) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  return bytes;
}

std::string FaultEvent(FramingFault fault) { return "fault " + std::to_string(static_cast<int>(fault)); }

const std::string kGood = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kGoodEvent = "GET /good - - - keep {}";

TEST_CASE("every malformed request is refused for its reason and nothing after it is read") {
  const auto table = MalformedRequests();
  REQUIRE(table.size() >= 60);
  for (const MalformedRequest& malformed : table) {
    INFO(malformed.name);
    const std::vector<std::string> alone = {FaultEvent(malformed.fault)};
    const std::vector<std::string> after_good = {kGoodEvent, FaultEvent(malformed.fault)};
    CHECK(Frame({malformed.bytes, kGood, kGood}) == alone);
    CHECK(Frame({malformed.bytes + kGood + kGood}) == alone);
    CHECK(Frame({kGood + malformed.bytes + kGood}) == after_good);
    CHECK(Frame(Bytes(malformed.bytes + kGood)) == alone);
  }
}

TEST_CASE("a framer closed by a fault keeps no bytes") {
  const FrontOptions options = FramingTestOptions();
  RequestFramer framer(options);
  std::vector<std::string> events;
  framer.Append("GET /p\r\n" + kGood, 0);
  Take(&framer, &events);
  CHECK(framer.phase() == Phase::kClosed);
  framer.Append(kGood, 0);
  CHECK(framer.buffered() == 0);
}

TEST_CASE("requests are understood") {
  struct Case {
    std::string bytes;
    std::string event;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / - - - keep {}"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / - - - keep {}"},
      {"GET /a/b?c=/d&e HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a/b - - - keep {}"},
      {"GET //a/%2e%2E/ HTTP/1.1\r\nHost:\r\n\r\n", "GET //a/%2e%2E/ - - - keep {}"},
      {"get / HTTP/1.1\r\nhOST: [::1]:80\r\n\r\n", "get / - - - keep {}"},
      {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / - - - keep head {}"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / - - - close 1.0 {}"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / - - - keep 1.0 {}"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "GET / - - - close 1.0 {}"},
      {"GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n", "GET / - - - close 1.0 {}"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n", "GET / - - - close {}"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x , close,y\r\n\r\n", "GET / - - - close {}"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", "GET / - - - keep {}"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
       "GET / - - - keep {}"},
      {"POST / HTTP/1.1\r\nHost: a\r\nX-Data-Hash: \t ab c\t \r\nX-DATA-application-id:12\r\nContent-Length: "
       "3\r\n\r\nabc",
       "POST / [ab c] [12] - keep {abc}"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Type:\r\nContent-Length: 0\r\n\r\n", "POST / - - [] keep {}"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a\r\ncontent-type: b\r\n\r\n", "POST / - - [a, b] keep {}"},
      {"POST / HTTP/1.1\r\nHost: a\r\nX-Other: \xc3\xa9\r\nContent-Length: 0003\r\n\r\n\r\n\n",
       "POST / - - - keep {\r\n\n}"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "POST / - - - keep {}"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n00A;n=v;q=\"a;\\\"b\" ; "
       "z\r\n0123456789"
       "\r\n0;x\r\nX-Data-Hash: trailer\r\nContent-Type: t\r\n\r\n",
       "POST / - - - keep {abc0123456789}"},
      {"POST / HTTP/1.0\r\nExpect: nonsense\r\nContent-Length: 1\r\n\r\nx", "POST / - - - close 1.0 {x}"},
  };
  for (const Case& c : cases) {
    INFO(c.bytes);
    CHECK(Frame({c.bytes}) == std::vector<std::string>{c.event});
    CHECK(Frame(Bytes(c.bytes)) == std::vector<std::string>{c.event});
    CHECK(Frame({c.bytes + c.bytes}) == std::vector<std::string>{c.event, c.event});
  }
}

TEST_CASE("a split at any byte changes nothing") {
  const std::string chunked =
      "\r\nPOST /chunked?q HTTP/1.1\r\nHost: a\r\nX-Data-Hash: ab\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=\"v\"\r\nhello\r\n1\r\n \r\n6\r\nworld\n\r\n0\r\nX-Trailer: 1\r\n\r\n";
  const std::string with_length =
      "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nConnection: keep-alive\r\n\r\nhello\r\n\r\nyo";
  const std::string broken = "POST /broken HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n";
  for (const std::string& stream :
       {chunked, with_length + with_length, chunked + with_length + kGood, with_length + chunked + broken + kGood}) {
    const auto whole = Frame({stream});
    REQUIRE_FALSE(whole.empty());
    for (std::size_t at = 0; at <= stream.size(); ++at) {
      INFO(at);
      const std::string_view view(stream);
      CHECK(Frame({view.substr(0, at), view.substr(at)}) == whole);
      for (std::size_t second = at; second <= stream.size(); second += 7) {
        CHECK(Frame({view.substr(0, at), view.substr(at, second - at), view.substr(second)}) == whole);
      }
    }
    CHECK(Frame(Bytes(stream)) == whole);
  }
}

TEST_CASE("a header block of exactly the limit is taken, one byte more is not") {
  const FrontOptions options = FramingTestOptions();
  const std::string front = "GET / HTTP/1.1\r\nHost: a\r\nX-Fill: ";
  const std::string fill(options.max_header_bytes - front.size() - 4, 'x');
  CHECK(Frame({front + fill + "\r\n\r\n"}) == std::vector<std::string>{"GET / - - - keep {}"});
  CHECK(Frame({front + fill + "x\r\n\r\n"}) == std::vector<std::string>{FaultEvent(FramingFault::kHeaderTooLarge)});
}

TEST_CASE("a hundred fields are taken, one more is not") {
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 99; ++i) request += "X-A: 1\r\n";
  CHECK(Frame({request + "\r\n"}) == std::vector<std::string>{"GET / - - - keep {}"});
  CHECK(Frame({request + "X-A: 1\r\n\r\n"}) == std::vector<std::string>{FaultEvent(FramingFault::kHeaderTooLarge)});
}

TEST_CASE("a body of exactly the limit is taken, one byte more is too large") {
  FrontOptions options = FramingTestOptions();
  options.max_body_bytes = 16;
  const std::string body(16, 'x');
  const std::string start = "POST /p HTTP/1.1\r\nHost: a\r\nX-Data-Hash: ab\r\n";
  const std::vector<std::string> taken = {"POST /p [ab] - - keep {" + body + "}"};
  const std::vector<std::string> refused = {"POST /p [ab] - - close too large {}"};

  CHECK(Frame({start + "Content-Length: 16\r\n\r\n" + body}, options) == taken);
  CHECK(Frame({start + "Transfer-Encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n"}, options) ==
        taken);

  SECTION("refused by its length alone, before any byte of it") {
    CHECK(Frame({start + "Content-Length: 17\r\n\r\n"}, options) == refused);
    CHECK(Frame({start + "Content-Length: 9223372036854775807\r\n\r\n"}, options) == refused);
  }
  SECTION("refused by the chunk that exceeds it, before that chunk's bytes") {
    CHECK(Frame({start + "Transfer-Encoding: chunked\r\n\r\n11\r\n"}, options) == refused);
    CHECK(Frame({start + "Transfer-Encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n9\r\n"}, options) == refused);
    CHECK(Frame({start + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"}, options) == refused);
  }
  SECTION("nothing after it is read") {
    CHECK(Frame({start + "Content-Length: 17\r\n\r\n" + kGood + kGood, kGood}, options) == refused);
  }
}

TEST_CASE("100-continue is due between the header and the first byte of the body") {
  const FrontOptions options = FramingTestOptions();
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n";
  FramedRequest request;
  FramingFault fault{};
  for (const std::string coding : {"Content-Length: 2\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"}) {
    const std::string body = coding.front() == 'C' ? "xy" : "2\r\nxy\r\n0\r\n\r\n";
    INFO(coding);
    RequestFramer framer(options);
    framer.Append(start, 0);
    CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
    CHECK_FALSE(framer.wants_continue());
    framer.Append(coding, 0);
    CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
    CHECK(framer.wants_continue());
    framer.ContinueSent();
    CHECK_FALSE(framer.wants_continue());
    framer.Append(body, 0);
    CHECK(framer.Next(&request, &fault) == Step::kRequest);
    CHECK(request.request.body == "xy");

    framer.Append(start + coding + body.substr(0, 1), 0);
    CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
    CHECK_FALSE(framer.wants_continue());
  }
}

TEST_CASE("100-continue is never due for a body that is too large or empty") {
  const FrontOptions options = FramingTestOptions();
  for (const std::string length : {"0", "65537"}) {
    RequestFramer framer(options);
    framer.Append("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + length + "\r\n\r\n", 0);
    FramedRequest request;
    FramingFault fault{};
    CHECK(framer.Next(&request, &fault) == Step::kRequest);
    CHECK_FALSE(framer.wants_continue());
  }
}

// "forwarded|x-forwarded-for" as the framer kept them.
std::string ForwardingOf(const std::string& fields, bool from_trusted_proxy, ForwardedField field) {
  FrontOptions options = FramingTestOptions();
  options.forwarded_field = field;
  RequestFramer framer(options, from_trusted_proxy);
  framer.Append("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", 0);
  FramedRequest request;
  FramingFault fault{};
  REQUIRE(framer.Next(&request, &fault) == Step::kRequest);
  return request.forwarding.forwarded.value_or("-") + "|" + request.forwarding.x_forwarded_for.value_or("-");
}

TEST_CASE("what is forwarded is looked for in the requests of trusted proxies only, and in the fields that count") {
  const std::string fields =
      "forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\nFORWARDED:  for=192.0.2.3 \r\nX-FORWARDED-FOR:\r\n";
  CHECK(ForwardingOf(fields, false, ForwardedField::kEither) == "-|-");
  CHECK(ForwardingOf(fields, true, ForwardedField::kEither) == "for=192.0.2.1, for=192.0.2.3|192.0.2.2, ");
  CHECK(ForwardingOf(fields, true, ForwardedField::kForwarded) == "for=192.0.2.1, for=192.0.2.3|-");
  CHECK(ForwardingOf(fields, true, ForwardedField::kXForwardedFor) == "-|192.0.2.2, ");
  CHECK(ForwardingOf("X-Forwarded-Fo: 192.0.2.2\r\nX-Forwarded-Host: a\r\n", true, ForwardedField::kEither) == "-|-");
}

TEST_CASE("what one request was forwarded for is forgotten with the next") {
  const FrontOptions options = FramingTestOptions();
  RequestFramer framer(options, true);
  framer.Append("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n" + kGood, 0);
  FramedRequest request;
  FramingFault fault{};
  REQUIRE(framer.Next(&request, &fault) == Step::kRequest);
  CHECK(request.forwarding.x_forwarded_for == "192.0.2.2");
  REQUIRE(framer.Next(&request, &fault) == Step::kRequest);
  CHECK_FALSE(request.forwarding.x_forwarded_for);
}

TEST_CASE("a request's time is that of its first byte, also when it was read behind another one") {
  const FrontOptions options = FramingTestOptions();
  RequestFramer framer(options);
  FramedRequest request;
  FramingFault fault{};
  framer.Append("\r\n", 1'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
  CHECK(framer.phase() == Phase::kIdle);
  framer.Append("G", 2'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
  CHECK(framer.phase() == Phase::kHeader);
  CHECK(framer.phase_since_us() == 2'000'000);
  framer.Append(kGood.substr(1) + "P", 3'000'000);
  framer.Append("OST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 4'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kRequest);
  CHECK(request.request.received_us == 2'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
  CHECK(framer.phase() == Phase::kBody);
  CHECK(framer.phase_since_us() == 4'000'000);
  framer.Append("x" + kGood, 5'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kRequest);
  CHECK(request.request.received_us == 3'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kRequest);
  CHECK(request.request.received_us == 5'000'000);
  CHECK(framer.Next(&request, &fault) == Step::kNeedMore);
  CHECK(framer.phase() == Phase::kIdle);
}

}  // namespace
}  // namespace multihub::http
