// What is no acceptable request is refused through a real socket: one answer, then the connection closes, and the
// bytes after it are never read as a request.
#include "front/harness.h"
#include "unit/http/malformed_requests.h"

namespace multihub::http {
namespace {

const std::string kNext = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

void CheckRefusal(support::TcpClient* client, FramingFault fault) {
  const auto response = client->ReadHttpResponse();
  REQUIRE(response);
  CHECK(response->status == 400);
  CHECK(response->body == EchoHandler::RefusalBody(fault));
  REQUIRE(response->Header("Connection") != nullptr);
  CHECK(*response->Header("Connection") == "close");
  CHECK(client->ReadUntilClose() == std::optional<std::string>(""));
  CHECK_FALSE(client->was_reset());
}

TEST_CASE("a malformed request is refused through a socket and what follows is not read") {
  const TestFront test;
  for (const MalformedRequest& malformed : MalformedRequests()) {
    INFO(malformed.name);
    auto client = test.Connect();
    client.SendAll(malformed.bytes + kNext + kNext);
    CheckRefusal(&client, malformed.fault);

    auto pieces = test.Connect();
    pieces.SendAll(Post("/now", "first") + malformed.bytes.substr(0, malformed.bytes.size() / 2));
    const auto first = pieces.ReadHttpResponse();
    REQUIRE(first);
    CHECK(first->body == "echo:first");
    pieces.SendAll(malformed.bytes.substr(malformed.bytes.size() / 2) + kNext);
    CheckRefusal(&pieces, malformed.fault);
  }
  for (const std::string& path : test.handler->seen()) CHECK(path == "/now");
  CHECK(test.front->counters().framing_faults == 2 * MalformedRequests().size());
}

TEST_CASE("a refusal waits for the answers before it and nothing after it is answered") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll(Post("/hold", "held") + "BROKEN\r\n\r\n" + kNext);
  REQUIRE(Eventually([&] { return test.handler->held() == 1 && test.front->counters().framing_faults == 1; }));
  test.handler->ReleaseHeld();
  const auto held = client.ReadHttpResponse();
  REQUIRE(held);
  CHECK(held->body == "echo:held");
  CHECK(held->Header("Connection") == nullptr);
  CheckRefusal(&client, FramingFault::kMalformed);
  CHECK(test.handler->seen() == std::vector<std::string>{"/hold"});
}

TEST_CASE("a refusal survives a client that goes on sending") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll("BROKEN\r\n\r\n");
  client.SendAll(std::string(100 * 1024, 'x'));
  client.SendAll(kNext);
  CheckRefusal(&client, FramingFault::kMalformed);
}

TEST_CASE("a chunked request split at any byte through a socket is the same request") {
  const TestFront test;
  const std::string request =
      "POST /now HTTP/1.1\r\nHost: a\r\nX-Echo: e\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=\"v\"\r\nhello\r\n1\r\n \r\n6\r\nworld\n\r\n0\r\nX-Trailer: 1\r\n\r\n";
  const std::string_view view(request);
  auto client = test.Connect();
  for (std::size_t at = 1; at < request.size(); ++at) {
    INFO(at);
    REQUIRE(client.SendPieces({view.substr(0, at), view.substr(at)}, std::chrono::microseconds(200)));
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->body == "echo:hello world\n");
  }
  REQUIRE(client.SendByteByByte(request));
  const auto response = client.ReadHttpResponse();
  REQUIRE(response);
  CHECK(response->body == "echo:hello world\n");
}

}  // namespace
}  // namespace multihub::http
