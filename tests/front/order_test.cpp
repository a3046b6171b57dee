// Pipelined requests: answered in their order, read ahead only so far.
#include "front/harness.h"

namespace multihub::http {
namespace {

TEST_CASE("answers leave in the order of the requests, however they are made") {
  const TestFront test;
  auto client = test.Connect();
  constexpr int kRequests = 200;
  std::string bytes;
  for (int i = 0; i < kRequests; ++i) bytes += Post(i % 3 == 0 ? "/now" : "/later", std::to_string(i));
  REQUIRE(client.SendAll(bytes));
  for (int i = 0; i < kRequests; ++i) {
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    REQUIRE(response->body == "echo:" + std::to_string(i));
  }
}

TEST_CASE("an answer made early waits for those before it") {
  const TestFront test;
  auto client = test.Connect();
  client.SendAll(Post("/hold", "1") + Post("/now", "2"));
  REQUIRE(Eventually([&] { return test.handler->seen().size() == 2; }));
  CHECK(client.ReadSome(1, Milliseconds(100)).empty());
  test.handler->ReleaseHeld();
  for (const char* expected : {"echo:1", "echo:2"}) {
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->body == expected);
  }
}

TEST_CASE("no more than max_pipelined requests are read ahead, and reading goes on when answers leave") {
  FrontOptions options = TestOptions();
  options.max_pipelined = 4;
  const TestFront test(options);
  auto client = test.Connect();
  constexpr int kRequests = 40;
  std::string bytes;
  for (int i = 0; i < kRequests; ++i) bytes += Post("/hold", std::to_string(i));
  REQUIRE(client.SendAll(bytes));
  std::size_t answered = 0;
  while (answered < kRequests) {
    REQUIRE(Eventually([&] { return test.handler->held() > 0; }));
    CHECK(test.handler->seen().size() <= answered + 4);
    for (auto& [response, responder] : test.handler->TakeHeld()) {
      responder.Send(std::move(response));
      const auto received = client.ReadHttpResponse();
      REQUIRE(received);
      REQUIRE(received->body == "echo:" + std::to_string(answered));
      ++answered;
    }
  }
}

TEST_CASE("a long pipeline of requests answered at once needs no other thread") {
  FrontOptions options = TestOptions();
  options.max_pipelined = 1;
  const TestFront test(options);
  auto client = test.Connect();
  std::string bytes;
  for (int i = 0; i < 500; ++i) bytes += Post("/now", std::to_string(i));
  REQUIRE(client.SendAll(bytes));
  for (int i = 0; i < 500; ++i) {
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    REQUIRE(response->body == "echo:" + std::to_string(i));
  }
}

TEST_CASE("a client that sends far beyond what is answered is dropped") {
  FrontOptions options = TestOptions();
  options.max_pipelined = 2;
  const TestFront test(options);
  auto client = test.Connect();
  const std::string burst = Post("/hold", std::string(1000, 'x'));
  for (int i = 0; i < 2000 && client.SendAll(burst, Milliseconds(2000)); ++i) {
  }
  CHECK(Eventually([&] { return test.front->counters().dropped_slow == 1; }));
  test.handler->ReleaseHeld();
  CHECK(Eventually([&] { return test.front->counters().open == 0 && test.front->counters().in_flight == 0; }));
  CHECK(test.handler->seen().size() == 2);

  auto other = test.Connect();
  CHECK(Exchange(&other, Post("/now", "x")) == "echo:x");
}

TEST_CASE("requests after one that closes are not answered") {
  const TestFront test;
  const std::string closing[] = {Post("/now", "1", "Connection: close\r\n"), Post("/close", "1"),
                                 "POST /now HTTP/1.0\r\nContent-Length: 1\r\n\r\n1"};
  for (const std::string& request : closing) {
    INFO(request);
    auto client = test.Connect();
    client.SendAll(Post("/later", "0") + request + Post("/later", "2"));
    for (const char* expected : {"echo:0", "echo:1"}) {
      const auto response = client.ReadHttpResponse();
      REQUIRE(response);
      CHECK(response->body == expected);
    }
    CHECK(client.ReadUntilClose() == std::optional<std::string>(""));
    CHECK_FALSE(client.was_reset());
  }
}

TEST_CASE("over the in-flight cap requests are refused in their order, and taken again when there is room") {
  FrontOptions options = TestOptions();
  options.max_in_flight = 3;
  const TestFront test(options);
  auto client = test.Connect();
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += Post("/hold", std::to_string(i));
  client.SendAll(bytes);
  REQUIRE(Eventually([&] { return test.handler->held() == 3 && test.front->counters().overloads == 2; }));
  auto other = test.Connect();
  CHECK(Exchange(&other, Post("/now", "x")) == "overloaded");
  test.handler->ReleaseHeld();
  for (const char* expected : {"echo:0", "echo:1", "echo:2", "overloaded", "overloaded"}) {
    const auto response = client.ReadHttpResponse();
    REQUIRE(response);
    CHECK(response->body == expected);
    CHECK(response->status == (response->body == "overloaded" ? 429 : 200));
  }
  CHECK(Exchange(&other, Post("/now", "x")) == "echo:x");
  CHECK(test.front->counters().in_flight == 0);
}

}  // namespace
}  // namespace multihub::http
