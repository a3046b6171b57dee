#include "support/tcp_client.h"

#include <catch2/catch.hpp>

#include "support/free_port.h"
#include "support/signed_client.h"
#include "support_selftest/stand_in_server.h"

using namespace multihub::support;
using namespace std::chrono_literals;

namespace {

std::string PlainResponse(const std::string& body, const std::string& extra = "") {
  return "HTTP/1.1 200 OK\r\n" + extra + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string SignedResponse(const std::string& body, const std::string& secret) {
  return PlainResponse(body, "X-Data-Hash: " + Sign(body, secret) + "\r\n");
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("a response body is read by length, by chunks and by close") {
  struct Row {
    std::string bytes;
    std::string body;
    bool by_close;
  };
  const auto row =
      GENERATE(Row{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
               Row{"HTTP/1.1 400 Bad Request\r\ncontent-length:0\r\n\r\n", "", false},
               Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\n",
                   "hello", false},
               Row{"HTTP/1.0 200 OK\r\n\r\nhello", "hello", true}, Row{"HTTP/1.1 204 No Content\r\n\r\n", "", false});
  StandInServer server([&](const std::string&, const std::string&) { return StandInAnswer{row.bytes, true, false}; });
  TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", server.port()));
  REQUIRE(client.SendByteByByte(kGet));
  const auto response = client.ReadHttpResponse();
  INFO(client.last_error());
  REQUIRE(response.has_value());
  CHECK(response->body == row.body);
  CHECK(response->ended_by_close == row.by_close);
  CHECK(client.IsClosedByPeer(30s));
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("headers keep their order, repeats and values; names match in any case") {
  StandInServer server([](const std::string&, const std::string&) {
    return StandInAnswer{PlainResponse("", "B: 1\r\na:  two words \r\nb: 3\r\n"), false, false};
  });
  TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", server.port()));
  client.SendAll(kGet);
  const auto response = client.ReadHttpResponse();
  REQUIRE(response.has_value());
  REQUIRE(response->headers.size() == 4);
  CHECK(response->headers[1] == std::pair<std::string, std::string>("a", "two words"));
  CHECK(*response->Header("B") == "1");
  CHECK(response->CountHeader("b") == 2);
  CHECK(response->Header("c") == nullptr);
}

TEST_CASE("responses that arrive together are read one by one") {
  StandInServer server([](const std::string&, const std::string& body) {
    return StandInAnswer{PlainResponse("r" + body), false, false};
  });
  TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", server.port()));
  client.SendAll(HttpRequest("POST", "/", {}, "1") + HttpRequest("POST", "/", {}, "2"));
  CHECK(client.ReadHttpResponse()->body == "r1");
  CHECK(client.ReadHttpResponse()->body == "r2");
  CHECK_FALSE(client.IsClosedByPeer(20ms));
  CHECK_FALSE(client.ReadHttpResponse(20ms).has_value());
  CHECK(client.last_error() == "recv: timeout");
}

TEST_CASE("an incomplete response is no response") {
  const auto bytes = GENERATE(as<std::string>(), "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nnot a header\r\n\r\n");
  StandInServer server([&](const std::string&, const std::string&) { return StandInAnswer{bytes, true, false}; });
  TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", server.port()));
  client.SendAll(kGet);
  CHECK_FALSE(client.ReadHttpResponse().has_value());
}

TEST_CASE("a reset by the peer is told from an orderly close") {
  const bool reset = GENERATE(false, true);
  StandInServer server([&](const std::string&, const std::string&) { return StandInAnswer{"", !reset, reset}; });
  TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", server.port()));
  client.SendAll(kGet);
  CHECK(client.ReadUntilClose() == std::string());
  CHECK(client.was_reset() == reset);
}

TEST_CASE("a port without a listener refuses") {
  TcpClient client;
  CHECK_FALSE(client.Connect("127.0.0.1", FreePort()));
  CHECK_FALSE(client.connected());
  CHECK_FALSE(client.Connect("localhost", 1));
}

TEST_CASE("a signed client's requests carry the documented headers and its answers are verified") {
  const std::string secret = "unit-test-secret";
  std::string seen_head, seen_body;
  StandInServer server([&](const std::string& head, const std::string& body) {
    seen_head = head;
    seen_body = body;
    return StandInAnswer{SignedResponse(R"({"success":false,"error":{"code":6009}})", secret), false, false};
  });
  SignedClient client(server.port(), 17, secret);
  const Answer answer = client.Call(std::string_view(R"({"method": "gateway.ping"})"));
  REQUIRE(answer.ok());
  CHECK(seen_body == R"({"method": "gateway.ping"})");
  CHECK_THAT(seen_head, Catch::StartsWith("POST /public/api/multihub/v1 HTTP/1.1\r\n"));
  CHECK_THAT(seen_head, Catch::Contains("X-Data-Application-Id: 17\r\n"));
  CHECK_THAT(seen_head, Catch::Contains("X-Data-Hash: " + Sign(seen_body, secret) + "\r\n"));
  CHECK(answer.signature_ok);
  CHECK_FALSE(answer.success());
  CHECK(answer.code() == 6009);
  CHECK(answer.at("/error/code") == 6009);
  CHECK(answer.at("/result/payment").is_null());

  SignedClient other(server.port(), 17, "another secret");
  const Answer unverified = other.Call(std::string_view("{}"));
  CHECK(unverified.has_signature);
  CHECK_FALSE(unverified.signature_ok);
}

TEST_CASE("headers of a signed call can be replaced and left out") {
  std::string seen_head;
  StandInServer server([&](const std::string& head, const std::string&) {
    seen_head = head;
    return StandInAnswer{PlainResponse("not JSON"), false, false};
  });
  SignedClient client(server.port(), 17, "s");
  const Answer answer = client.CallWith("{}", {{"x-data-hash", "00"}, {"Content-Type", ""}});
  REQUIRE(answer.ok());
  CHECK_THAT(seen_head, Catch::Contains("x-data-hash: 00\r\n"));
  CHECK_THAT(seen_head, !Catch::Contains("Content-Type"));
  CHECK_THAT(seen_head, !Catch::Contains("X-Data-Hash"));
  CHECK_FALSE(answer.has_signature);
  CHECK(answer.json.is_discarded());
  CHECK(answer.code() == 0);
}

TEST_CASE("a kept connection is used again, and made anew when the peer has closed it") {
  bool close = false;
  StandInServer server([&](const std::string&, const std::string&) {
    return StandInAnswer{PlainResponse("{}"), close, false};
  });
  SignedClient client(server.port(), 1, "s");
  REQUIRE(client.Call(std::string_view("{}")).ok());
  close = true;
  REQUIRE(client.Call(std::string_view("{}")).ok());
  CHECK(server.connections() == 1);
  REQUIRE(client.connection().IsClosedByPeer(30s));
  REQUIRE(client.Call(std::string_view("{}")).ok());
  CHECK(server.connections() == 2);
}

TEST_CASE("a connection lost without an answer is a transport error, not a second try") {
  int requests = 0;
  StandInServer server([&](const std::string&, const std::string&) {
    ++requests;
    return StandInAnswer{"", true, false};
  });
  SignedClient client(server.port(), 1, "s");
  CHECK_FALSE(client.Call(std::string_view("{}")).ok());
  CHECK(requests == 1);
}
