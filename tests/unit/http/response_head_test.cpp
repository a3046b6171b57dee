#include "http/response_head.h"

#include <catch2/catch.hpp>
#include <ctime>

namespace multihub::http {
namespace {

// Without the Date line, which is checked by itself.
std::string Render(const Response& response, Persistence persistence, bool without_body = false) {
  std::string out;
  AppendResponse(response, persistence, without_body, &out);
  const std::size_t date = out.find("Date: ");
  REQUIRE(date != std::string::npos);
  return out.erase(date, out.find("\r\n", date) + 2 - date);
}

TEST_CASE("an answer is status line, fields, empty line, body") {
  Response response;
  response.status = 404;
  response.headers = {{"X-Request-Id", "r1"}, {"Retry-After", "2"}};
  response.body = "{\"a\":1}";
  CHECK(Render(response, Persistence::kKeepAlive) ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 7\r\n"
        "X-Request-Id: r1\r\nRetry-After: 2\r\n\r\n{\"a\":1}");
}

TEST_CASE("Connection is named only when it says something") {
  const Response response;
  CHECK(Render(response, Persistence::kKeepAlive).find("Connection") == std::string::npos);
  CHECK(Render(response, Persistence::kClose).find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(Render(response, Persistence::kKeepAliveToOldClient).find("\r\nConnection: keep-alive\r\n") !=
        std::string::npos);
}

TEST_CASE("an answer to HEAD has the length of the body it leaves out") {
  Response response;
  response.body = "12345";
  const std::string text = Render(response, Persistence::kKeepAlive, true);
  CHECK(text.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(text.substr(text.size() - 4) == "\r\n\r\n");
}

TEST_CASE("answers are appended to what is there") {
  std::string out = "before";
  AppendResponse(Response(), Persistence::kKeepAlive, false, &out);
  CHECK(out.rfind("beforeHTTP/1.1 200 OK\r\n", 0) == 0);
}

TEST_CASE("Date is the time now in the form of RFC 9110") {
  std::string out;
  const std::time_t before = std::time(nullptr);
  AppendResponse(Response(), Persistence::kKeepAlive, false, &out);
  const std::time_t after = std::time(nullptr);
  const std::size_t date = out.find("\r\nDate: ");
  REQUIRE(date != std::string::npos);
  const std::string text = out.substr(date + 8, 29);
  CHECK(out.substr(date + 8 + 29, 2) == "\r\n");
  std::tm parsed{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed);
  REQUIRE(end != nullptr);
  CHECK(*end == '\0');
  const std::time_t said = timegm(&parsed);
  CHECK(said >= before);
  CHECK(said <= after);
}

}  // namespace
}  // namespace multihub::http
