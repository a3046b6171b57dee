#include "conformance/checker.h"

#include <catch2/catch.hpp>

#include "conformance/case_loader.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"

namespace multihub::conformance {
namespace {

const std::string kId = "5f0c9a1e-0000-4000-8000-000000000001";
const std::string kSuccess =
    R"({"success":true,"result":{"n":5,"list":[{"k":"a","v":1},{"k":"b","v":2}]},"request_id":")" + kId +
    R"(","processing_time":3})";

std::string ErrorBody(int code, const std::string& message, const std::string& details, const std::string& context) {
  return R"({"success":false,"error":{"code":)" + std::to_string(code) + R"(,"message":")" + message +
         R"(","details":)" + details + R"(,"context":)" + context + R"(},"request_id":")" + kId +
         R"(","processing_time":0})";
}

Answer AnswerOf(int status, const std::string& body, bool is_signed = true) {
  HttpResponse response;
  response.status = status;
  response.body = body;
  response.headers = {{"content-type", "application/json"}, {"x-request-id", kId}, {"retry-after", "6"}};
  if (is_signed) response.headers.emplace_back("x-data-hash", base::HexEncode(base::Sha512({body, "secret"})));
  return Answer(std::move(response), "secret");
}

// The expectation of the one step of a case.
Expectation Expect(const std::string& yaml) {
  const auto cases =
      LoadCases("f.yaml",
                "cases:\n  - id: a\n    title: t\n    clause: docs/errors.md#errors\n    contract: house\n"
                "    steps:\n      - request: {}\n        expect: " +
                    yaml + "\n");
  INFO((cases.ok() ? "" : cases.error()));
  REQUIRE(cases.ok());
  return cases->front().steps.front().expect;
}

bool Holds(const std::string& yaml, const Answer& answer) { return Judge(Expect(yaml), answer).empty(); }

Complaints Watched(Watch watch, const Answer& answer, bool authenticated = true) {
  int looked_at = 0;
  return JudgeWatch(watch, {{"case", answer, authenticated, SignedAnswer::kByCode}}, &looked_at);
}

TEST_CASE("code, status, signature and closing are judged") {
  const Answer success = AnswerOf(200, kSuccess);
  CHECK(Holds("{code: 0}", success));
  CHECK(Holds("{code: [1005, 0], status: 200, signed: true}", success));
  CHECK_FALSE(Holds("{code: 1005}", success));
  CHECK_FALSE(Holds("{code: 0, status: 201}", success));
  CHECK_FALSE(Holds("{code: 0, signed: false}", success));
  CHECK_FALSE(Holds("{code: 0, signed: true}", AnswerOf(200, kSuccess, false)));
  CHECK_FALSE(Holds("{code: 0, closes: true}", success));
  CHECK_FALSE(Holds("{code: 0}", AnswerOf(200, "<html>")));
  CHECK(Judge(Expect("{code: 0}"), AnswerOf(404, "<html>")) ==
        Complaints{"answered HTTP 404, application/json, no envelope; expected success"});
}

TEST_CASE("a signature is judged over the exact bytes") {
  HttpResponse response;
  response.status = 200;
  response.body = kSuccess + " ";
  response.headers = {{"x-data-hash", base::HexEncode(base::Sha512({kSuccess, "secret"}))}};
  CHECK(Answer(response, "secret").signature() == SignatureState::kWrong);
  response.headers[0].second = "zz";
  CHECK(Answer(response, "secret").signature() == SignatureState::kWrong);
  response.headers.clear();
  CHECK(Answer(response, "secret").signature() == SignatureState::kAbsent);
}

TEST_CASE("fields are judged by every matcher") {
  const Answer answer = AnswerOf(200, kSuccess);
  for (const char* good :
       {"result.n: 5", "result.n: !raw \"5.0\"", "result.n: {type: integer, at_least: 5, at_most: 5}",
        "result.n: {not: 6}", "result.n: {one_of: [4, 5]}", "\"result.list[0].v\": 1",
        "\"result.list[k=b].v\": {equals: 2}", "\"result.list[k=c]\": !absent", "result.list: {size: 2}",
        "result: {keys: [n, list]}", "result: {lacks: [next]}", "result.list: {contains: {v: 2, k: b}}",
        "request_id: {matches: \"^5f0c\", contains: \"-4000-\"}", "result.x: !absent",
        "headers.retry-after: {at_least: 1}", "headers.retry-after: \"6\"", "success: true"}) {
    INFO(good);
    CHECK(Holds(std::string("{code: 0, fields: {") + good + "}}", answer));
  }
  for (const char* bad :
       {"result.n: 6", "result.n: \"5\"", "result.n: {type: string}", "result.n: {at_least: 6}",
        "result.n: {at_most: 4}", "result.n: {not: 5}", "result.n: {one_of: [4]}", "\"result.list[2]\": {type: object}",
        "result.list: {size: 3}", "result: {keys: [list, n]}", "result: {lacks: [n]}",
        "result.list: {contains: {k: b}}", "request_id: {matches: \"^x\"}", "result.n: !absent", "result.x: null",
        "headers.retry-after: {at_least: 7}", "headers.x-other: \"6\"", "success: false"}) {
    INFO(bad);
    CHECK_FALSE(Holds(std::string("{code: 0, fields: {") + bad + "}}", answer));
  }
}

TEST_CASE("answers sent at once are counted") {
  const Answer success = AnswerOf(200, kSuccess);
  const Answer refused = AnswerOf(400, ErrorBody(6009, "Payment already exists", "null", "{}"));
  HttpResponse html;
  html.body = "<html>";
  const Expectation expect = Expect("{code: 0}");
  Expectation counts = expect;
  counts.counts = {{0, 1}, {6009, 2}};
  CHECK(JudgeCounts(counts, {refused, success, refused}).empty());
  CHECK_FALSE(JudgeCounts(counts, {success, success, refused}).empty());
  CHECK_FALSE(JudgeCounts(counts, {success, refused, Answer(html, "")}).empty());
}

TEST_CASE("every watch finds its breach and nothing in a good answer") {
  const Answer success = AnswerOf(200, kSuccess);
  const Answer refused =
      AnswerOf(400, ErrorBody(1005, "Invalid request format", R"({"description":"d","field":"f"})", "null"));
  for (const auto& [word, watch] : WatchWords()) {
    INFO(word);
    CHECK(Watched(watch, success).empty());
    CHECK(Watched(watch, refused).empty());
  }
  const auto breaks = [](Watch watch, const Answer& answer) { return !Watched(watch, answer).empty(); };
  const std::string tail = R"(,"request_id":")" + kId + R"(","processing_time":0})";
  CHECK(breaks(Watch::kEnvelope, AnswerOf(200, R"({"result":{},"success":true)" + tail)));
  CHECK(breaks(Watch::kEnvelope, AnswerOf(200, R"({"success":true,"result":{},"next":null)" + tail)));
  CHECK(breaks(Watch::kErrorObject, AnswerOf(400, R"({"success":false,"error":{"code":1005,"message":"m"})" + tail)));
  CHECK(breaks(Watch::kDetails, AnswerOf(400, ErrorBody(1005, "m", "null", "null"))));
  CHECK(breaks(Watch::kDetails, AnswerOf(400, ErrorBody(6010, "m", "{}", "null"))));
  CHECK(breaks(Watch::kContext, AnswerOf(400, ErrorBody(5000, "m", "null", "null"))));
  CHECK(breaks(Watch::kContext, AnswerOf(400, ErrorBody(6010, "m", "null", "{}"))));
  CHECK(breaks(Watch::kPublishedMessages, AnswerOf(400, ErrorBody(1005, "m", "null", "null"))));
  CHECK(breaks(Watch::kMessages, AnswerOf(400, ErrorBody(6009, "m", "null", "{}"))));
  CHECK(breaks(Watch::kHttpStatus, AnswerOf(400, ErrorBody(1002, "m", "null", "null"))));
  CHECK(breaks(Watch::kHttpStatus, AnswerOf(201, kSuccess)));
  CHECK(breaks(Watch::kSigned, AnswerOf(200, kSuccess, false)));
  CHECK(breaks(Watch::kUnsigned, AnswerOf(400, ErrorBody(3000, "m", "null", "null"))));
  CHECK(breaks(Watch::kRequestIds,
               AnswerOf(200, R"({"success":true,"result":{},"request_id":"1","processing_time":0})")));
  CHECK(breaks(Watch::kCompact, AnswerOf(200, R"({"success": true,"result":{})" + tail)));
  CHECK(breaks(Watch::kCompact, AnswerOf(200, R"({"success":true,"result":{"n":5.0})" + tail)));
  CHECK(breaks(Watch::kProcessingTime,
               AnswerOf(200, R"({"success":true,"result":{},"request_id":")" + kId + R"(","processing_time":0.5})")));
  HttpResponse bare;
  bare.status = 200;
  bare.body = kSuccess;
  CHECK(breaks(Watch::kRequestIdHeader, Answer(bare, "secret")));
  CHECK(breaks(Watch::kContentType, Answer(bare, "secret")));
}

TEST_CASE("a repeated request_id is found, and what is no envelope says nothing") {
  int looked_at = 0;
  const Answer success = AnswerOf(200, kSuccess);
  const std::vector<Observation> twice(2, Observation{"case", success, true, SignedAnswer::kByCode});
  CHECK(JudgeWatch(Watch::kRequestIds, twice, &looked_at).size() == 1);
  CHECK(looked_at == 2);
  CHECK(JudgeWatch(Watch::kEnvelope, {{"case", AnswerOf(200, "<html>"), true, SignedAnswer::kByCode}}, &looked_at)
            .empty());
  CHECK(looked_at == 0);
}

}  // namespace
}  // namespace multihub::conformance
