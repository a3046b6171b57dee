// Clients that are slow, silent or do not read cost their own connection and nobody else's.
#include "front/harness.h"

namespace multihub::http {
namespace {

FrontOptions ImpatientOptions() {
  FrontOptions options = TestOptions();
  options.header_timeout_ms = 300;
  options.body_timeout_ms = 300;
  options.idle_timeout_ms = 300;
  options.write_timeout_ms = 300;
  options.max_output_bytes = 256 * 1024;
  return options;
}

void CheckTimedOut(support::TcpClient* client) {
  const auto response = client->ReadHttpResponse();
  REQUIRE(response);
  CHECK(response->status == 400);
  CHECK(response->body == EchoHandler::RefusalBody(FramingFault::kTimeout));
  REQUIRE(response->Header("Connection") != nullptr);
  CHECK(*response->Header("Connection") == "close");
  CHECK(client->ReadUntilClose() == std::optional<std::string>(""));
}

// Sends piece by piece until the server answers or closes.
void Drip(support::TcpClient* client, const std::string& piece) {
  for (int i = 0; i < 1000; ++i) {
    if (!client->SendAll(piece)) return;
    if (client->IsClosedByPeer(Milliseconds(20))) return;
    const auto more = client->ReadHttpResponse(Milliseconds(1));
    if (more) {
      CHECK(more->body == EchoHandler::RefusalBody(FramingFault::kTimeout));
      return;
    }
  }
  FAIL("the server never lost its patience");
}

TEST_CASE("a client that never sends anything is closed without a word") {
  const TestFront test(ImpatientOptions());
  auto client = test.Connect();
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
}

TEST_CASE("a client that sends only empty lines is closed without a word") {
  const TestFront test(ImpatientOptions());
  auto client = test.Connect();
  client.SendAll("\r\n\r\n");
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
}

TEST_CASE("an unfinished header is refused in time, on the first request and on a later one") {
  const TestFront test(ImpatientOptions());
  auto first = test.Connect();
  first.SendAll("POST /now HTTP/1.1\r\nHost:");
  CheckTimedOut(&first);

  auto later = test.Connect();
  for (int i = 0; i < 3; ++i) CHECK(Exchange(&later, Post("/now", "x")) == "echo:x");
  later.SendAll("POST /now HTTP/1.1\r\nHost:");
  CheckTimedOut(&later);
}

TEST_CASE("an unfinished body is refused in time, with a length and with chunks") {
  const TestFront test(ImpatientOptions());
  for (const std::string body : {"Content-Length: 5\r\n\r\nabc", "Content-Length: 5\r\n\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", "Transfer-Encoding: chunked\r\n\r\n"}) {
    INFO(body);
    auto client = test.Connect();
    CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
    client.SendAll("POST /now HTTP/1.1\r\nHost: a\r\n" + body);
    CheckTimedOut(&client);
  }
}

TEST_CASE("dripping bytes does not buy time") {
  const TestFront test(ImpatientOptions());
  auto header = test.Connect();
  header.SendAll("POST /now HTTP/1.1\r\nHost: a\r\n");
  Drip(&header, "X-A: 1\r\n");
  auto body = test.Connect();
  body.SendAll("POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  Drip(&body, "1\r\nx\r\n");
  CHECK(test.handler->seen().empty());
}

TEST_CASE("an idle kept connection is closed without a word") {
  const TestFront test(ImpatientOptions());
  auto client = test.Connect();
  CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
}

TEST_CASE("a client that waits for its answer is not idle") {
  const TestFront test(ImpatientOptions());
  auto client = test.Connect();
  client.SendAll(Post("/hold", "x"));
  REQUIRE(Eventually([&] { return test.handler->held() == 1; }));
  CHECK_FALSE(client.IsClosedByPeer(Milliseconds(1000)));
  test.handler->ReleaseHeld();
  const auto response = client.ReadHttpResponse();
  REQUIRE(response);
  CHECK(response->body == "echo:x");
}

TEST_CASE("a client that takes its time between requests, but not too much, is kept") {
  FrontOptions options = ImpatientOptions();
  options.header_timeout_ms = 60000;
  options.idle_timeout_ms = 60000;
  const TestFront test(options);
  auto client = test.Connect();
  for (int i = 0; i < 3; ++i) {
    CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
    CHECK_FALSE(client.IsClosedByPeer(Milliseconds(150)));
  }
}

TEST_CASE("a client that does not read its answers is dropped, by time") {
  const TestFront test(ImpatientOptions());
  support::TcpClient client;
  client.set_receive_buffer(4096);
  REQUIRE(client.Connect("127.0.0.1", test.port));
  client.SendAll("GET /big/8000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(Eventually([&] { return test.front->counters().dropped_slow == 1 && test.front->counters().open == 0; }));
}

TEST_CASE("a client that reads a little now and then does not keep its connection for ever") {
  FrontOptions options = ImpatientOptions();
  options.max_output_bytes = 64 * 1024 * 1024;
  const TestFront test(options);
  support::TcpClient client;
  client.set_receive_buffer(4096);
  REQUIRE(client.Connect("127.0.0.1", test.port));
  client.SendAll("GET /big/30000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(Eventually([&] {
    client.ReadSome(512, Milliseconds(20));
    return test.front->counters().dropped_slow == 1;
  }));
}

TEST_CASE("a client that asks and asks and never reads is dropped, by amount") {
  FrontOptions options = ImpatientOptions();
  options.write_timeout_ms = 600000;
  const TestFront test(options);
  support::TcpClient client;
  client.set_receive_buffer(4096);
  REQUIRE(client.Connect("127.0.0.1", test.port));
  const std::string request = "GET /big/100000 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 1000 && client.SendAll(request, Milliseconds(2000)); ++i) {
  }
  CHECK(Eventually([&] { return test.front->counters().dropped_slow == 1 && test.front->counters().open == 0; }));
}

TEST_CASE("a slow reader gets all of a large answer") {
  FrontOptions options = TestOptions();
  options.max_output_bytes = 16 * 1024 * 1024;
  const TestFront test(options);
  support::TcpClient client;
  client.set_receive_buffer(4096);
  REQUIRE(client.Connect("127.0.0.1", test.port));
  client.SendAll("GET /big/5000000 HTTP/1.1\r\nHost: a\r\n\r\n" + Post("/now", "after"));
  const auto big = client.ReadHttpResponse(kPatience);
  REQUIRE(big);
  CHECK(big->body == std::string(5000000, 'b'));
  const auto after = client.ReadHttpResponse(kPatience);
  REQUIRE(after);
  CHECK(after->body == "echo:after");
  CHECK(test.front->counters().dropped_slow == 0);
}

TEST_CASE("bad clients of every kind beside an honest one: it gets every answer") {
  FrontOptions options = ImpatientOptions();
  options.idle_timeout_ms = 60000;
  const TestFront test(options);
  std::atomic<bool> done{false};
  std::vector<std::thread> bad;
  const auto run = [&](auto act) {
    bad.emplace_back([&test, &done, act] {
      while (!done) {
        support::TcpClient client;
        client.set_receive_buffer(4096);
        if (client.Connect("127.0.0.1", test.port)) act(&client);
      }
    });
  };
  run([](support::TcpClient* client) { client->IsClosedByPeer(Milliseconds(2000)); });
  run([](support::TcpClient* client) {
    client->SendAll("POST /now HTTP/1.1\r\nHost:");
    client->ReadUntilClose(Milliseconds(2000));
  });
  run([](support::TcpClient* client) {
    client->SendAll("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab");
    client->ReadUntilClose(Milliseconds(2000));
  });
  run([](support::TcpClient* client) {
    client->SendAll("GET /big/200000 HTTP/1.1\r\nHost: a\r\n\r\n");
    client->ReadSome(10, Milliseconds(500));
  });
  run([](support::TcpClient* client) {
    for (int i = 0; i < 100 && client->SendAll(Post("/big/50000", "x"), Milliseconds(200)); ++i) {
    }
  });

  auto honest = test.Connect();
  const int exchanges = 1000 * SoakScale();
  for (int i = 0; i < exchanges; ++i) {
    const std::string payload = "honest" + std::to_string(i);
    REQUIRE(Exchange(&honest, Post(i % 2 == 0 ? "/now" : "/later", payload)) == "echo:" + payload);
  }
  done = true;
  for (auto& thread : bad) thread.join();
}

}  // namespace
}  // namespace multihub::http
