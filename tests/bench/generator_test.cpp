#include "bench/generator.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

#include "bench/latency_histogram.h"
#include "support/signed_client.h"
#include "support_selftest/stand_in_server.h"

using namespace multihub::bench;
using multihub::support::Sign;
using multihub::support::StandInAnswer;
using multihub::support::StandInServer;

namespace {

constexpr const char* kSecret = "unit-test-secret";

RequestPool Pool(std::size_t requests, bool reusable) {
  RequestPool pool({{1, kSecret}}, reusable);
  for (std::size_t n = 0; n < requests; ++n) {
    const std::string own = "\"c_id\":\"own-" + std::to_string(n) + "\"";
    pool.Add("{" + own + "}", own);
  }
  return pool;
}

StandInAnswer Respond(const std::string& body, const std::string& status = "200 OK",
                      const std::string& secret = kSecret) {
  return {"HTTP/1.1 " + status + "\r\nX-Data-Hash: " + Sign(body, secret) +
              "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
          false, false};
}

StandInAnswer Echo(const std::string& body) { return Respond("{\"success\":true,\"result\":" + body + "}"); }

LoadOptions Load(const StandInServer& server, double seconds) {
  LoadOptions options;
  options.port = server.port();
  options.connections = 4;
  options.seconds = seconds;
  return options;
}

}  // namespace

TEST_CASE("a closed loop sends every request of a pool once and counts each right answer") {
  std::atomic<int> requests{0};
  StandInServer server([&](const std::string&, const std::string& body) {
    ++requests;
    return Echo(body);
  });
  RequestPool pool = Pool(500, false);
  const LoadResult result = RunClosedLoop(pool, Load(server, 60));
  CHECK(requests == 500);
  CHECK(result.failures == 0);
  CHECK(result.first_failure == "");
  // What came after the pool was used up is checked, but not counted.
  CHECK(result.answers <= 500);
  CHECK(result.answers >= 496);
  CHECK(result.latency.count() == result.answers);
  CHECK(result.seconds < 60);
}

TEST_CASE("a reusable pool starts over until the time is up") {
  StandInServer server([](const std::string&, const std::string& body) { return Echo(body); });
  RequestPool pool = Pool(3, true);
  const LoadResult result = RunClosedLoop(pool, Load(server, 0.3));
  CHECK(result.failures == 0);
  CHECK(result.answers > 3);
  CHECK(result.seconds == Approx(0.3));
}

TEST_CASE("answers that are not right are counted and the first is kept") {
  struct Row {
    const char* name;
    std::function<StandInAnswer(const std::string&)> answer;
    const char* expected;
  };
  const auto row = GENERATE(
      Row{"status", [](const std::string& body) { return Respond("{\"success\":true," + body, "400 Bad Request"); },
          "status is not 200"},
      Row{"refusal", [](const std::string& body) { return Respond("{\"success\":false," + body); }, "no success"},
      Row{"neighbour's", [](const std::string&) { return Echo("{\"c_id\":\"own-1\"}"); },
          "the answer to another request"},
      Row{"signature",
          [](const std::string& body) { return Respond("{\"success\":true,\"r\":" + body + "}", "200 OK", "other"); },
          "the signature does not verify"},
      Row{"closed",
          [](const std::string&) {
            return StandInAnswer{"HTTP/1.1 200 OK\r\n", true, false};
          },
          "the server closed the connection"},
      Row{"no length",
          [](const std::string&) {
            return StandInAnswer{"HTTP/1.1 200 OK\r\n\r\n", true, false};
          },
          "not one answer with a length"},
      Row{"two at once",
          [](const std::string& body) {
            return StandInAnswer{Echo(body).bytes + Echo(body).bytes, false, false};
          },
          "not one answer with a length"});
  INFO(row.name);
  StandInServer server([&](const std::string&, const std::string& body) { return row.answer(body); });
  RequestPool pool = Pool(100, false);
  LoadOptions options = Load(server, 60);
  options.connections = 1;
  const LoadResult result = RunClosedLoop(pool, options);
  CHECK(result.failures > 0);
  CHECK_THAT(result.first_failure, Catch::Contains(row.expected));
}

TEST_CASE("an exact body is asked for when one is given") {
  StandInServer server([](const std::string&, const std::string&) { return Respond("{\"success\":true}"); });
  RequestPool pool = Pool(10, false);
  LoadOptions options = Load(server, 60);
  options.exact_body = "{\"success\":true}";
  CHECK(RunClosedLoop(pool, options).failures == 0);
  options.exact_body = "{\"success\":true }";
  CHECK(RunClosedLoop(pool, options).failures == 10);
}

TEST_CASE("an open loop sends at its rate and counts the wait of requests that were due during a stall") {
  std::atomic<int> requests{0};
  StandInServer server([&](const std::string&, const std::string& body) {
    // One connection, so that the stall holds everything up.
    if (++requests == 50) std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return Echo(body);
  });
  RequestPool pool = Pool(1000, false);
  LoadOptions options = Load(server, 0.5);
  options.connections = 1;
  const LoadResult result = RunOpenLoop(pool, options, 200);
  CHECK(result.failures == 0);
  CHECK(requests == 100);
  CHECK(result.latency.count() == 100);
  // The stall begins at 245 ms and the fifty requests due after it wait 400, 395, … ms; measured from sending, only
  // one would.
  CHECK(result.latency.PercentileMs(90) > 200);
}

TEST_CASE("an overloaded server's busy answers are counted apart, and only when they are whole") {
  const std::string refusal =
      R"({"success":false,"error":{"code":1000,"message":"m","details":{"description":"Server is busy"}}})";
  const std::string whole =
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: " + std::to_string(refusal.size()) +
      "\r\n\r\n" + refusal;
  const std::string bare =
      "HTTP/1.1 429 Too Many Requests\r\nContent-Length: " + std::to_string(refusal.size()) + "\r\n\r\n" + refusal;
  std::atomic<int> requests{0}, busy{0};
  std::atomic<bool> without_retry_after{false};
  StandInServer server([&](const std::string&, const std::string& body) {
    if (++requests % 3 != 0) return Echo(body);
    ++busy;
    return StandInAnswer{without_retry_after ? bare : whole, false, false};
  });
  RequestPool pool = Pool(1000, false);
  LoadOptions options = Load(server, 0.5);
  options.overload = true;
  const LoadResult result = RunOpenLoop(pool, options, 200);
  CHECK(result.failures == 0);
  CHECK(result.sent == 100);
  CHECK(result.seconds == Approx(0.5));
  // What came when the clock had run out counts for nothing.
  CHECK(result.shed <= static_cast<std::uint64_t>(busy));
  CHECK(result.shed + 4 >= static_cast<std::uint64_t>(busy));
  CHECK(result.answers + result.shed <= 100);
  CHECK(result.shed_latency.count() == result.shed);
  CHECK(result.latency.count() == result.answers);
  without_retry_after = true;
  CHECK_THAT(RunOpenLoop(pool, options, 200).first_failure, Catch::Contains("status is not 200"));
  without_retry_after = false;
  options.overload = false;
  CHECK_THAT(RunOpenLoop(pool, options, 200).first_failure, Catch::Contains("status is not 200"));
}

TEST_CASE("percentiles are exact for small values and never more than a 64th too high") {
  LatencyHistogram empty;
  CHECK(empty.PercentileMs(50) == 0);
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{63}, std::int64_t{64}, std::int64_t{127}, std::int64_t{128},
        std::int64_t{1000}, std::int64_t{1234567}, std::int64_t{999999999}, std::int64_t{3600} * 1000000000}) {
    LatencyHistogram histogram;
    histogram.Record(value);
    const double got = histogram.PercentileMs(100) * 1e6;
    INFO(value);
    CHECK(got >= static_cast<double>(value) * (1 - 1e-12));
    CHECK(got <= static_cast<double>(value) * (1 + 1.0 / 64) + 1e-6);
  }
  LatencyHistogram spread;
  for (int i = 1; i <= 100; ++i) spread.Record(i * 1000000);
  CHECK(spread.PercentileMs(50) == Approx(50).epsilon(1.0 / 64));
  CHECK(spread.PercentileMs(99) == Approx(99).epsilon(1.0 / 64));
  CHECK(spread.count() == 100);
}
