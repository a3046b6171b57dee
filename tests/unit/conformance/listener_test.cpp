#include "conformance/listener.h"

#include <catch2/catch.hpp>

#include "conformance/answer.h"

namespace multihub::conformance {
namespace {

constexpr std::chrono::seconds kPatience{60};

std::unique_ptr<Listener> Started() {
  auto listener = Listener::Start("127.0.0.1:0");
  REQUIRE(listener.ok());
  return std::move(listener).value();
}

// The status of the answer, 0 when there is none.
int Post(const Listener& listener, const std::string& bytes) {
  const auto target = Target::Resolve("127.0.0.1", listener.port(), false, "");
  REQUIRE(target.ok());
  const auto response = Converse(*target, bytes, false, 60'000);
  return response.ok() ? response->status : 0;
}

std::vector<ReceivedWebhook> Received(Listener* listener, const std::string& path, std::size_t count) {
  return listener->WaitFor(path, kPatience, [count](const auto& all) { return all.size() >= count; });
}

TEST_CASE("webhooks are kept by their path, with a length or in chunks") {
  const auto listener = Started();
  CHECK(Post(*listener, "POST /a?x=1 HTTP/1.1\r\nHost: h\r\nX-Note: n\r\nContent-Length: 5\r\n\r\nhello") == 200);
  CHECK(Post(*listener, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nagain\r\n0\r\n\r\n") == 200);
  CHECK(Post(*listener, "POST /b HTTP/1.1\r\n\r\n") == 200);
  const std::vector<ReceivedWebhook> found = Received(listener.get(), "/a", 2);
  REQUIRE(found.size() == 2);
  CHECK(found[0].body == "hello");
  CHECK(found[0].headers[1] == std::pair<std::string, std::string>("x-note", "n"));
  CHECK(found[1].body == "again");
  CHECK(Received(listener.get(), "/b", 1).size() == 1);
}

TEST_CASE("the first call of a path that says so fails") {
  const auto listener = Started();
  const std::string call = "POST /x/first-fails HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";
  CHECK(Post(*listener, call) == 503);
  CHECK(Post(*listener, call) == 200);
  CHECK(Received(listener.get(), "/x/first-fails", 2).size() == 2);
}

TEST_CASE("what is no webhook is not kept and does no harm") {
  const auto listener = Started();
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("garbage\r\n\r\n"), std::string(70'000, 'a'),
        std::string("POST /c HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST /c HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), std::string("POST\r\n\r\n")}) {
    INFO(bytes.substr(0, 50));
    CHECK(Post(*listener, bytes) == 0);
  }
  CHECK(Post(*listener, "POST /c HTTP/1.1\r\nContent-Length: 1\r\n\r\nx") == 200);
  CHECK(Received(listener.get(), "/c", 1).size() == 1);
}

TEST_CASE("an address that cannot be listened on is told") {
  for (const char* address : {"", "127.0.0.1", "localhost:0", "127.0.0.1:x", "127.0.0.1:", "192.0.2.1:0"}) {
    INFO(address);
    CHECK(!Listener::Start(address).ok());
  }
}

}  // namespace
}  // namespace multihub::conformance
