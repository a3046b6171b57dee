// One connection's life: kept or closed, HEAD, 100-continue, half-closed clients, bodies that are too large, handlers
// that fail.
#include "front/harness.h"

namespace multihub::http {
namespace {

TEST_CASE("connections are kept and closed as version and Connection say") {
  struct Case {
    std::string head;
    bool kept;
    std::string connection;  // the answer's
  };
  const Case cases[] = {
      {"POST /now HTTP/1.1\r\nHost: a\r\n", true, ""},
      {"POST /now HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n", true, ""},
      {"POST /now HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n", false, "close"},
      {"POST /now HTTP/1.1\r\nHost: a\r\nConnection: te, close\r\n", false, "close"},
      {"POST /now HTTP/1.0\r\n", false, "close"},
      {"POST /now HTTP/1.0\r\nConnection: keep-alive\r\n", true, "keep-alive"},
      {"POST /close HTTP/1.1\r\nHost: a\r\n", false, "close"},
  };
  const TestFront test;
  for (const Case& c : cases) {
    INFO(c.head);
    auto client = test.Connect();
    for (int i = 0; i < 2; ++i) {
      REQUIRE(client.SendAll(c.head + "Content-Length: 1\r\n\r\nx"));
      const auto response = client.ReadHttpResponse();
      REQUIRE(response);
      CHECK(response->version == "HTTP/1.1");
      CHECK(response->body == "echo:x");
      const std::string* connection = response->Header("Connection");
      CHECK((connection == nullptr ? "" : *connection) == c.connection);
      CHECK(response->CountHeader("Date") == 1);
      CHECK(response->CountHeader("Content-Length") == 1);
      if (!c.kept) {
        CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
        CHECK_FALSE(client.was_reset());
        break;
      }
    }
  }
  CHECK(Eventually([&] { return test.front->counters().open <= 3; }));
}

TEST_CASE("what the handler gets is what was sent") {
  const TestFront test;
  auto client = test.Connect();
  const std::string body("\0binary\r\n\r\nGET / HTTP/1.1\r\n\xff", 29);
  CHECK(Exchange(&client, Post("/now?a=b", body, "X-Echo:  some value \r\nX-Unasked: 1\r\n")) == "echo:" + body);
  const Request request = test.handler->last();
  CHECK(request.verb == "POST");
  CHECK(request.path == "/now");
  CHECK(request.body == body);
  REQUIRE(request.headers.size() == 2);
  CHECK(request.headers[0] == std::optional<std::string>("some value"));
  CHECK_FALSE(request.headers[1]);
  CHECK(request.client_address == "127.0.0.1");
  CHECK(request.received_us > 0);
}

TEST_CASE("an answer to HEAD has no body, and the next answer is whole") {
  const TestFront test;
  auto client = test.Connect();
  REQUIRE(client.SendAll("HEAD /big/1000 HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto head = client.ReadHttpResponse(support::kDefaultTimeout, true);
  REQUIRE(head);
  CHECK(head->status == 200);
  REQUIRE(head->Header("Content-Length") != nullptr);
  CHECK(*head->Header("Content-Length") == "1000");
  CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
}

TEST_CASE("100 Continue is sent to a client that waits for it") {
  const TestFront test;
  auto client = test.Connect();
  const std::string head = "POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    REQUIRE(client.SendAll(head));
    const auto interim = client.ReadHttpResponse();
    REQUIRE(interim);
    CHECK(interim->status == 100);
    CHECK(interim->headers.empty());
    CHECK(Exchange(&client, "body") == "echo:body");
  }
}

TEST_CASE("100 Continue is not sent when the body comes anyway") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll("POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
  const auto response = client.ReadHttpResponse();
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "echo:body");
}

TEST_CASE("100 Continue comes after the answers before it") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll(Post("/hold", "first") +
                 "POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  REQUIRE(Eventually([&] { return test.handler->held() == 1; }));
  CHECK(client.ReadSome(1, Milliseconds(100)).empty());
  test.handler->ReleaseHeld();
  const auto first = client.ReadHttpResponse();
  REQUIRE(first);
  CHECK(first->body == "echo:first");
  const auto interim = client.ReadHttpResponse();
  REQUIRE(interim);
  CHECK(interim->status == 100);
  CHECK(Exchange(&client, "body") == "echo:body");
}

TEST_CASE("a client that waits for 100 Continue with a body too large gets the final answer") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll("POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n");
  const auto response = client.ReadHttpResponse();
  REQUIRE(response);
  CHECK(response->status == 413);
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
}

TEST_CASE("a body that is too large is answered by the handler, and its bytes are never requests") {
  const TestFront test;
  const std::string body = std::string(100 * 1024, 'x') + Post("/smuggled", "");
  const std::string with_length = Post("/now", body, "X-Echo: mine\r\n");
  const std::string chunked =
      "POST /now HTTP/1.1\r\nHost: a\r\nX-Echo: mine\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n" +
      std::string(0x8000, 'x') + "\r\n8001\r\n" + std::string(0x8001, 'y') + "\r\n0\r\n\r\n" + Post("/smuggled", "");
  for (const std::string& request : {with_length, chunked}) {
    auto client = test.Connect();
    client.SendAll(request);
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->status == 413);
    REQUIRE(response->Header("X-Echo") != nullptr);
    CHECK(*response->Header("X-Echo") == "mine");
    CHECK(test.handler->last().body_too_large);
    CHECK(test.handler->last().body.empty());
    CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
    CHECK_FALSE(client.was_reset());
  }
  for (const std::string& path : test.handler->seen()) CHECK(path == "/now");
}

TEST_CASE("a client that has closed its sending side still gets its answers") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll(Post("/hold", "1") + Post("/now", "2"));
  client.ShutdownWrite();
  REQUIRE(Eventually([&] { return test.handler->seen().size() == 2; }));
  test.handler->ReleaseHeld();
  for (const char* expected : {"echo:1", "echo:2"}) {
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->body == expected);
  }
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("a half-closed client gets all of a pipeline that was read ahead") {
  FrontOptions options = TestOptions();
  options.max_pipelined = 2;
  const TestFront test(options);
  auto client = test.Connect();
  std::string bytes;
  for (int i = 0; i < 30; ++i) bytes += Post("/later", std::to_string(i));
  client.SendAll(bytes);
  client.ShutdownWrite();
  for (int i = 0; i < 30; ++i) {
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->body == "echo:" + std::to_string(i));
  }
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
}

TEST_CASE("a request cut off by the end of input is not handled") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc");
  client.ShutdownWrite();
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
  CHECK(test.handler->seen().empty());
}

TEST_CASE("a request nobody answers closes the connection after the answers before it") {
  const TestFront test;
  for (const std::string path : {"/drop", "/throw"}) {
    INFO(path);
    auto client = test.Connect();
    client.SendAll(Post("/later", "1") + Post(path, "2") + Post("/now", "3"));
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->body == "echo:1");
    CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
  }
  auto client = test.Connect();
  CHECK(Exchange(&client, Post("/now", "still here")) == "echo:still here");
  CHECK(Eventually([&] { return test.front->counters().in_flight == 0; }));
}

TEST_CASE("a client that has gone before its answer frees its connection") {
  const TestFront test;
  {
    auto client = test.Connect();
    client.SendAll(Post("/hold", "x"));
    REQUIRE(Eventually([&] { return test.handler->held() == 1; }));
    client.Abort();
  }
  CHECK(Eventually([&] { return test.front->counters().open == 0; }));
  CHECK(test.front->counters().in_flight == 1);
  test.handler->ReleaseHeld();
  CHECK(test.front->counters().in_flight == 0);
}

}  // namespace
}  // namespace multihub::http
