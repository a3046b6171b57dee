#include "http/listen_address.h"

#include <catch2/catch.hpp>

namespace multihub::http {
namespace {

TEST_CASE("addresses to listen on are numeric host and port") {
  const auto v4 = ParseListenAddress("127.0.0.1:8080");
  REQUIRE(v4);
  CHECK(v4->host == "127.0.0.1");
  CHECK_FALSE(v4->ipv6);
  CHECK(v4->port == 8080);

  const auto v6 = ParseListenAddress("[::]:0");
  REQUIRE(v6);
  CHECK(v6->host == "::");
  CHECK(v6->ipv6);
  CHECK(v6->port == 0);

  CHECK(ParseListenAddress("0.0.0.0:65535"));
  CHECK(ParseListenAddress("[2001:db8::1]:443"));
}

TEST_CASE("anything else is no address to listen on") {
  for (const char* text : {"",
                           ":",
                           "8080",
                           ":8080",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:80a",
                           "127.0.0.1:999999",
                           "127.1:80",
                           "localhost:80",
                           "::1:80",
                           "[::1]",
                           "[]:80",
                           "[127.0.0.1]:80",
                           "[::1%lo]:80",
                           " 127.0.0.1:80",
                           "127.0.0.1: 80",
                           "[::1]:80 "}) {
    INFO(text);
    CHECK_FALSE(ParseListenAddress(text));
  }
}

}  // namespace
}  // namespace multihub::http
