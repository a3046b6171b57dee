#include "multihub/observability/log.h"
#include "support/json.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace multihub::observability {
namespace {

// Sends a standard stream to a file for as long as it lives.
class CapturedStream {
 public:
  CapturedStream(std::FILE* stream, int descriptor) : stream_(stream), descriptor_(descriptor) {
    FlushLog();
    std::fflush(stream_);
    file_ = std::tmpfile();
    saved_ = dup(descriptor_);
    dup2(fileno(file_), descriptor_);
  }
  ~CapturedStream() {
    FlushLog();
    std::fflush(stream_);
    dup2(saved_, descriptor_);
    close(saved_);
    std::fclose(file_);
  }

  std::vector<std::string> Lines() {
    FlushLog();
    std::fflush(stream_);
    std::string text;
    char buffer[4096];
    off_t at = 0;
    for (ssize_t got = 0; (got = pread(fileno(file_), buffer, sizeof buffer, at)) > 0; at += got) {
      text.append(buffer, static_cast<std::size_t>(got));
    }
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::FILE* stream_;
  int descriptor_;
  std::FILE* file_ = nullptr;
  int saved_ = -1;
};

// The default: stderr, from kInfo on.
class LogTest {
 public:
  LogTest() { ConfigureLog(LogLevel::kInfo, false); }
  ~LogTest() { ConfigureLog(LogLevel::kInfo, false); }
};

TEST_CASE_METHOD(LogTest, "a line is one JSON object: time, level, event, then the fields as given") {
  CapturedStream captured(stderr, STDERR_FILENO);
  Log(LogLevel::kInfo, "call",
      {{LogField::kRequestId, "r-1"}, {LogField::kApplicationId, 17}, {LogField::kDurationMs, 3}});
  const auto lines = captured.Lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].substr(0, 7) == R"({"ts":")");
  CHECK(lines[0].substr(31) ==
        R"(","level":"info","event":"call","request_id":"r-1","application_id":17,"duration_ms":3})");
}

TEST_CASE_METHOD(LogTest, "a trace is named by its hex digits") {
  CapturedStream captured(stderr, STDERR_FILENO);
  Log(LogLevel::kInfo, "call", {{LogField::kTraceId, base::BeginTrace("5f0c9a1e-0000-4000-8000-0000000000ff").id}});
  const auto lines = captured.Lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].substr(31) == R"(","level":"info","event":"call","trace_id":"5f0c9a1e0000400080000000000000ff"})");
}

TEST_CASE_METHOD(LogTest, "nothing below the set level is written") {
  CapturedStream captured(stderr, STDERR_FILENO);
  Log(LogLevel::kDebug, "quiet");
  Log(LogLevel::kInfo, "said");
  ConfigureLog(LogLevel::kError, false);
  Log(LogLevel::kWarn, "quiet");
  Log(LogLevel::kError, "cried");
  const auto lines = captured.Lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("\"said\"") != std::string::npos);
  CHECK(lines[1].find("\"cried\"") != std::string::npos);
}

TEST_CASE_METHOD(LogTest, "whatever a field holds, a line stays one readable line") {
  const std::vector<std::string> texts = {"quote \" and \\", "two\nlines\r\n", std::string("nul\0byte", 8),
                                          "caf\xc3\xa9",     "latin caf\xe9",  "\xff\xfe"};
  CapturedStream captured(stderr, STDERR_FILENO);
  for (const std::string& text : texts) Log(LogLevel::kInfo, "event", {{LogField::kDetail, text}});
  const auto lines = captured.Lines();
  REQUIRE(lines.size() == texts.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = nlohmann::json::parse(lines[i]);
    if (i < 4) CHECK(line["detail"] == texts[i]);
  }
  CHECK(nlohmann::json::parse(lines[4])["detail"] == "latin caf?");
}

TEST_CASE_METHOD(LogTest, "a number that not every reader keeps exact is written as text") {
  CapturedStream captured(stderr, STDERR_FILENO);
  Log(LogLevel::kInfo, "event", {{LogField::kCount, 9007199254740991}});
  Log(LogLevel::kInfo, "event", {{LogField::kCount, std::numeric_limits<std::int64_t>::min()}});
  const auto lines = captured.Lines();
  REQUIRE(lines.size() == 2);
  CHECK(nlohmann::json::parse(lines[0])["count"] == 9007199254740991);
  CHECK(nlohmann::json::parse(lines[1])["count"] == "-9223372036854775808");
}

TEST_CASE_METHOD(LogTest, "every field has a name of its own") {
  CapturedStream captured(stderr, STDERR_FILENO);
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(LogField::kSequence); ++i) {
    Log(LogLevel::kInfo, "event", {{static_cast<LogField>(i), 1}});
  }
  for (const std::string& text : captured.Lines()) {
    const auto line = nlohmann::json::parse(text);
    for (const auto& item : line.items()) names.insert(item.key());
  }
  CHECK(names.size() == static_cast<std::size_t>(LogField::kSequence) + 1 + 3);
}

TEST_CASE_METHOD(LogTest, "an alert is one error line and one count of its kind") {
  const std::uint64_t before = AlertCount("unit_test_alert");
  CapturedStream captured(stderr, STDERR_FILENO);
  Alert("unit_test_alert", {{LogField::kPaymentId, "pay_1"}});
  Alert("unit_test_alert");
  const auto lines = captured.Lines();
  REQUIRE(lines.size() == 2);
  const auto line = nlohmann::json::parse(lines[0]);
  CHECK(line["level"] == "error");
  CHECK(line["alert"] == "unit_test_alert");
  CHECK(line["h_id"] == "pay_1");
  CHECK(AlertCount("unit_test_alert") == before + 2);
  CHECK(AlertCount("never_raised") == 0);
}

TEST_CASE_METHOD(LogTest, "serve's lines go to stdout") {
  CapturedStream errors(stderr, STDERR_FILENO);
  std::vector<std::string> lines;
  {
    CapturedStream captured(stdout, STDOUT_FILENO);
    ConfigureLog(LogLevel::kInfo, true);
    Log(LogLevel::kInfo, "served");
    lines = captured.Lines();
    ConfigureLog(LogLevel::kInfo, false);
  }
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("served") != std::string::npos);
  CHECK(errors.Lines().empty());
}

TEST_CASE_METHOD(LogTest, "lines of several threads are all there and never torn") {
  constexpr int kThreads = 4;
  constexpr int kLines = 5000;
  CapturedStream captured(stderr, STDERR_FILENO);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kLines; ++i) {
        Log(LogLevel::kInfo, "event", {{LogField::kCount, t * kLines + i}, {LogField::kDetail, std::string(100, 'x')}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int> seen;
  for (const std::string& line : captured.Lines()) seen.insert(nlohmann::json::parse(line)["count"].get<int>());
  CHECK(seen.size() == kThreads * kLines);
}

}  // namespace
}  // namespace multihub::observability
