#include "conformance/answer.h"

#include <catch2/catch.hpp>

namespace multihub::conformance {
namespace {

using State = ResponseReader::State;

TEST_CASE("a response is read however its bytes arrive") {
  struct Row {
    std::string bytes, body;
    bool until_close;
  };
  for (const Row& row : std::vector<Row>{
           {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", "hello",
            false},
           {"HTTP/1.0 200\r\nX: y\r\n\r\nhello", "hello", true},
           {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello", false},
           {"HTTP/1.1 204 No Content\r\n\r\n", "", false}}) {
    INFO(row.bytes);
    for (const bool at_once : {true, false}) {
      ResponseReader reader;
      State state = State::kMore;
      if (at_once) {
        state = reader.Feed(row.bytes, row.until_close);
      } else {
        for (const char c : row.bytes) state = reader.Feed(std::string_view(&c, 1), false);
        if (row.until_close) state = reader.Feed("", true);
      }
      REQUIRE(state == State::kDone);
      const HttpResponse response = reader.Take();
      CHECK((response.status == 200 || response.status == 204));
      CHECK(response.body == row.body);
    }
  }
}

TEST_CASE("what is no response, or too much of one, is told in words") {
  struct Row {
    std::string bytes, problem;
  };
  const std::string huge(ResponseReader::kMaxBodyBytes + 1, 'a');
  for (const Row& row : std::vector<Row>{{"", "without an answer"},
                                         {"HT", "within the head"},
                                         {"This is no HTTP", "no HTTP"},
                                         {"HTTP/1.1 999 X\r\n\r\n", "no HTTP"},
                                         {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "no colon"},
                                         {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "no number"},
                                         {"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", "over 1 MiB"},
                                         {"HTTP/1.1 200 OK\r\n\r\n" + huge, "over 1 MiB"},
                                         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk"},
                                         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer coding"},
                                         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "within the answer"},
                                         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", "belong to nothing"},
                                         {"HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'a'), "64 KiB"}}) {
    INFO(row.bytes.substr(0, 60));
    ResponseReader reader;
    CHECK(reader.Feed(row.bytes, true) == State::kBroken);
    CHECK(reader.problem().find(row.problem) != std::string::npos);
  }
}

}  // namespace
}  // namespace multihub::conformance
