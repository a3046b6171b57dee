#include "multihub/rpc/gateway.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cctype>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "multihub/base/digest.h"
#include "multihub/base/ids.h"
#include "multihub/observability/log.h"
#include "support/json.h"
#include "unit/rpc/gateway_fixture.h"

namespace multihub::rpc {
namespace {

using errors::Code;
using nlohmann::json;
using testing::HeaderOf;
using testing::IsSignedBy;
using testing::ReplyBox;
using testing::SecretOf;
using testing::SignatureOf;
using testing::SignedCall;
using testing::TestRows;

constexpr base::UnixMs kStart = 1'777'593'600'000;
constexpr std::int64_t kNormal = 1;
constexpr std::int64_t kDisabled = 2;
constexpr std::int64_t kElsewhere = 3;  // its allow-list does not hold the caller's address
constexpr std::int64_t kDisabledElsewhere = 4;
constexpr std::int64_t kOther = 5;
constexpr std::int64_t kUnknown = 9;
constexpr std::string_view kResendPath = "/api/v1/payments/pay_01hx3q7k2m4v8d5e6f7g8h9j0k/webhook/resend";
const std::string kPing = R"({"method":"test.ping"})";

// A gateway over methods that show what reaches a handler.
class GatewayTest {
 public:
  GatewayTest() : clock(kStart), random(7) {
    observability::ConfigureLog(observability::LogLevel::kError, false);
    rows.AddApplication(kNormal);
    rows.AddApplication(kDisabled).enabled = false;
    rows.AddApplication(kElsewhere).addresses = {"198.51.100.0/24"};
    rows.AddApplication(kDisabledElsewhere);
    rows.rows.applications.back().enabled = false;
    rows.rows.applications.back().addresses = {"198.51.100.0/24"};
    rows.AddApplication(kOther);
    directory.Replace(rows.Build());
    options.unauthenticated = {300, 300};
    Open();
  }

  void Open() {
    gateway = std::make_unique<Gateway>(options, Methods(), directory, clock, random,
                                        [this](domain::ApplicationId id) { in_use.push_back(id.value); });
  }

  MethodTable Methods() {
    return {
        {"test.ping", RateClass::kNone,
         [](const CallContext&, const Finish& finish) { finish(std::string(R"({"message":"pong"})")); }},
        {"test.echo", RateClass::kNone,
         [](const CallContext& context, const Finish& finish) {
           json seen;
           seen["application"] = context.application.id.value;
           seen["params"] = context.params.present() ? std::string(context.params.raw()) : "absent";
           seen["service_id"] = context.service_id.present() ? std::string(context.service_id.raw()) : "absent";
           seen["request_id"] = std::string(context.request_id);
           seen["received_us"] = context.received_us;
           seen["trace"] = base::StoredTrace(context.trace);
           finish(seen.dump());
         }},
        {"payment.in", RateClass::kPayment, Ok},
        {"payment.out", RateClass::kPayment, Ok},
        {"payment.status", RateClass::kRead, Ok},
        {"payment.notification", RateClass::kNotification,
         [this](const CallContext& context, const Finish& finish) {
           notified.emplace_back(context.params.raw());
           finish(std::string(R"({"message":"queued"})"));
         }},
        {"test.later", RateClass::kNone, [this](const CallContext&, const Finish& finish) { held.push_back(finish); }},
        {"test.throws", RateClass::kNone,
         [](const CallContext&, const Finish&) { throw std::runtime_error("detail of the inside"); }},
        {"test.throws_oddly", RateClass::kNone, [](const CallContext&, const Finish&) { throw 5; }},
        {"test.answers_and_throws", RateClass::kNone,
         [](const CallContext&, const Finish& finish) {
           finish(std::string("{}"));
           throw std::runtime_error("too late");
         }},
        {"test.answers_twice", RateClass::kNone,
         [](const CallContext&, const Finish& finish) {
           finish(std::string(R"({"answer":1})"));
           finish(std::string(R"({"answer":2})"));
         }},
        {"test.busy", RateClass::kNone,
         [](const CallContext&, const Finish& finish) { finish(base::Fail(errors::Busy())); }},
    };
  }

  static void Ok(const CallContext&, const Finish& finish) { finish(std::string("{}")); }

  Reply Ask(const Call& call) {
    ReplyBox box;
    gateway->Handle(call, box.Opening());
    REQUIRE(box.count() == 1);
    return box.last();
  }
  Reply Ask(const std::string& body) { return Ask(SignedCall(kNormal, body)); }
  static int CodeOf(const Reply& reply) {
    const json body = json::parse(reply.body);
    return body["success"] == true ? 0 : body["error"]["code"].get<int>();
  }
  static std::string FieldOf(const Reply& reply) {
    const json details = json::parse(reply.body)["error"]["details"];
    return details.contains("field") ? details["field"].get<std::string>() : "";
  }

  TestRows rows;
  auth::DirectoryCache directory;
  base::ManualClock clock;
  base::SeededRandom random;
  GatewayOptions options;
  std::vector<std::int64_t> in_use;
  std::vector<std::string> notified;
  std::vector<Finish> held;
  std::unique_ptr<Gateway> gateway;
};

// ---- order of checks ----

// One call as it is put together: each fault spoils one thing.
struct Spoiled {
  std::string path{kEndpointPath};
  std::string verb = "POST";
  bool too_large = false;
  bool hash_header_bad = false, id_header_bad = false;
  bool unknown = false, disabled = false, elsewhere = false;
  bool signature_wrong = false;
  std::string content_type = "application/json";
  bool broken_json = false;
  std::string method = R"("method":"payment.in",)";
  bool exhausted = false;
  std::string params = "{}";

  std::int64_t application() const {
    if (unknown) return kUnknown;
    if (disabled) return elsewhere ? kDisabledElsewhere : kDisabled;
    return elsewhere ? kElsewhere : kNormal;
  }
  Call ToCall() const {
    Call call = SignedCall(application(), "{" + method + R"("params":)" + params + (broken_json ? "" : "}"));
    call.path = path;
    call.verb = verb;
    call.content_type = content_type;
    call.body_too_large = too_large;
    if (signature_wrong) call.data_hash = std::string(128, '0');
    if (hash_header_bad) call.data_hash = "abc";
    if (id_header_bad) call.application_id = "01";
    return call;
  }
};

struct Fault {
  std::string name;
  int code;
  std::string field;
  void (*spoil)(Spoiled*);
  std::set<std::string> excludes;  // faults that this one makes impossible
};

const std::vector<Fault>& FaultsInOrder() {
  static const std::vector<Fault> faults = {
      {"unknown path", 1001, "", [](Spoiled* s) { s->path = "/nowhere"; }, {}},
      {"verb", 1007, "", [](Spoiled* s) { s->verb = "GET"; }, {}},
      {"body too large", 1005, "body", [](Spoiled* s) { s->too_large = true; }, {}},
      {"hash header", 3002, "", [](Spoiled* s) { s->hash_header_bad = true; }, {}},
      {"application header", 3001, "", [](Spoiled* s) { s->id_header_bad = true; }, {}},
      {"unknown application", 3003, "", [](Spoiled* s) { s->unknown = true; }, {"disabled", "address", "rate limit"}},
      {"disabled", 3004, "", [](Spoiled* s) { s->disabled = true; }, {"rate limit"}},
      {"address", 3005, "", [](Spoiled* s) { s->elsewhere = true; }, {"rate limit"}},
      {"signature", 3000, "", [](Spoiled* s) { s->signature_wrong = true; }, {}},
      {"content type", 1006, "", [](Spoiled* s) { s->content_type = "text/plain"; }, {}},
      {"not JSON", 1005, "body", [](Spoiled* s) { s->broken_json = true; }, {}},
      {"method missing", 1005, "method", [](Spoiled* s) { s->method = ""; }, {"method unknown", "rate limit"}},
      {"method unknown", 1002, "", [](Spoiled* s) { s->method = R"("method":"no.such",)"; }, {"rate limit"}},
      {"rate limit", 1000, "", [](Spoiled* s) { s->exhausted = true; }, {}},
      {"params", 1005, "params", [](Spoiled* s) { s->params = "[]"; }, {}},
  };
  return faults;
}

TEST_CASE_METHOD(GatewayTest, "of two faults the one that stands earlier in the order of checks answers") {
  options.payment = {60, 1};
  const auto& faults = FaultsInOrder();
  int pairs = 0;
  for (std::size_t first = 0; first < faults.size(); ++first) {
    for (std::size_t second = first; second < faults.size(); ++second) {
      if (faults[first].excludes.contains(faults[second].name)) continue;
      Open();
      Spoiled spoiled;
      faults[first].spoil(&spoiled);
      faults[second].spoil(&spoiled);
      if (spoiled.exhausted) CHECK(CodeOf(Ask(SignedCall(kNormal, R"({"method":"payment.in"})"))) == 0);
      const Reply reply = Ask(spoiled.ToCall());
      CAPTURE(faults[first].name, faults[second].name, reply.body);
      CHECK(CodeOf(reply) == faults[first].code);
      CHECK(FieldOf(reply) == faults[first].field);
      ++pairs;
    }
  }
  CHECK(pairs >= 105);
}

TEST_CASE_METHOD(GatewayTest, "each fault has its HTTP status, and answers are signed from the signature on") {
  options.payment = {60, 1};
  Open();
  CHECK(CodeOf(Ask(R"({"method":"payment.in"})")) == 0);
  bool signed_from_here = false;
  for (const Fault& fault : FaultsInOrder()) {
    Spoiled spoiled;
    if (fault.name == "params") spoiled.method = R"("method":"payment.out",)";
    fault.spoil(&spoiled);
    const Reply reply = Ask(spoiled.ToCall());
    CAPTURE(fault.name, reply.body);
    CHECK(CodeOf(reply) == fault.code);
    CHECK(reply.http_status == (fault.code == 1002 ? 404 : fault.code == 1000 ? 429 : 400));
    CHECK(reply.close == (fault.name == "body too large"));
    CHECK(base::IsUuidV4(reply.request_id));
    CHECK(json::parse(reply.body)["request_id"] == reply.request_id);
    CHECK(reply.data_hash.empty() != signed_from_here);
    if (signed_from_here) CHECK(IsSignedBy(reply, SecretOf(kNormal)));
    if (fault.name == "signature") signed_from_here = true;
  }
}

TEST_CASE_METHOD(GatewayTest, "both endpoints exist and nothing beside them does") {
  struct Row {
    std::string path;
    bool exists;
  };
  const std::vector<Row> table = {
      {"/public/api/multihub/v1", true},
      {"/public/api/multihub/v1/", false},
      {"/public/api/multihub/v2", false},
      {"/public/api/multihub", false},
      {"/PUBLIC/api/multihub/v1", false},
      {"//public/api/multihub/v1", false},
      {"public/api/multihub/v1", false},
      {"http://host/public/api/multihub/v1", false},
      {"/", false},
      {"", false},
      {"*", false},
      {std::string(kResendPath), true},
      {"/api/v1/payments/x/webhook/resend", true},
      {"/api/v1/payments//webhook/resend", false},
      {"/api/v1/payments/webhook/resend", false},
      {"/api/v1/payments/a/b/webhook/resend", false},
      {"/api/v1/payments/x/webhook/resend/", false},
      {"/api/v1/payments/x/webhook", false},
      {"/api/v1/payments/x", false},
      {"/api/v1/payments", false},
      {"/api/v1", false},
      {"/api/v1/", false},
      {"/healthz", false},
  };
  for (const Row& row : table) {
    Call call = SignedCall(kNormal, kPing);
    call.path = row.path;
    CAPTURE(row.path);
    CHECK((CodeOf(Ask(call)) == 1001) == !row.exists);
    call.verb = "GET";
    CHECK(CodeOf(Ask(call)) == (row.exists ? 1007 : 1001));
  }
}

TEST_CASE_METHOD(GatewayTest, "only POST, spelled so, is a verb") {
  for (const char* verb : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post", "POST ", ""}) {
    Call call = SignedCall(kNormal, kPing);
    call.verb = verb;
    CAPTURE(verb);
    CHECK(CodeOf(Ask(call)) == 1007);
  }
}

TEST_CASE_METHOD(GatewayTest, "X-Data-Application-Id is a positive decimal integer up to 2^53-1") {
  for (const char* id : {"", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "1e0", "0x1", "one", "1,2", "9007199254740992",
                         "99999999999999999", "10000000000000000000000000000001", "\xd9\xa1"}) {
    Call call = SignedCall(kNormal, kPing);
    call.application_id = id;
    CAPTURE(id);
    CHECK(CodeOf(Ask(call)) == 3001);
  }
  Call call = SignedCall(kNormal, kPing);
  call.application_id = std::nullopt;
  CHECK(CodeOf(Ask(call)) == 3001);
  call.application_id = "9007199254740991";
  CHECK(CodeOf(Ask(call)) == 3003);
}

TEST_CASE_METHOD(GatewayTest, "X-Data-Hash is 128 hex digits of either case") {
  const std::string hash = SignatureOf(kPing, SecretOf(kNormal));
  std::string upper = hash;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  Call call = SignedCall(kNormal, kPing);
  call.data_hash = upper;
  CHECK(CodeOf(Ask(call)) == 0);
  for (const std::string& bad :
       {std::string(), hash.substr(1), hash + "0", hash.substr(1) + "g", "0x" + hash.substr(2), " " + hash.substr(1)}) {
    call.data_hash = bad;
    CAPTURE(bad);
    CHECK(CodeOf(Ask(call)) == 3002);
  }
  call.data_hash = std::nullopt;
  CHECK(CodeOf(Ask(call)) == 3002);
  call.data_hash = std::string(128, '0');
  CHECK(CodeOf(Ask(call)) == 3000);
  call.data_hash = SignatureOf(kPing, SecretOf(kOther));
  CHECK(CodeOf(Ask(call)) == 3000);
}

TEST_CASE_METHOD(GatewayTest, "the content type is application/json with any parameters") {
  for (const char* good :
       {"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "APPLICATION/JSON",
        "Application/Json ; a=b; c=d", "application/json\t", "application/json;"}) {
    Call call = SignedCall(kNormal, kPing);
    call.content_type = good;
    CAPTURE(good);
    CHECK(CodeOf(Ask(call)) == 0);
  }
  for (const char* bad :
       {"", ";", "text/plain", "application/jsonx", "application/json, text/plain", "application",
        "application/x-www-form-urlencoded", "json", "application /json", "text/plain;application/json",
        "application/problem+json", "multipart/form-data; boundary=x"}) {
    Call call = SignedCall(kNormal, kPing);
    call.content_type = bad;
    CAPTURE(bad);
    CHECK(CodeOf(Ask(call)) == 1006);
  }
  Call call = SignedCall(kNormal, kPing);
  call.content_type = std::nullopt;
  CHECK(CodeOf(Ask(call)) == 1006);
}

TEST_CASE_METHOD(GatewayTest, "a body that is not one JSON object is 1005, signed, and nothing of it is repeated") {
  for (const std::string& bad : {std::string(),
                                 std::string("  "),
                                 std::string("null"),
                                 std::string("[]"),
                                 std::string("\"zqmarkerqz\""),
                                 std::string("5"),
                                 std::string("{"),
                                 std::string("{zqmarkerqz:1}"),
                                 kPing + kPing,
                                 kPing + "x",
                                 std::string("\xef\xbb\xbf") + kPing,
                                 std::string(R"({"method":"test.ping","method":"test.ping"})"),
                                 std::string(R"({"method":"test.ping","a":NaN})"),
                                 std::string(R"({"method":"test.ping","a":"\u0000"})"),
                                 std::string(R"({"method":"test.ping","a":"\ud800"})"),
                                 std::string("{\"method\":\"test.ping\",\"a\":\"\xff\"}"),
                                 std::string(R"({"method":"test.ping",})"),
                                 std::string(R"({"method":"test.ping","a":01})"),
                                 R"({"method":"test.ping","a":)" + std::string(32, '[') + std::string(32, ']') + "}",
                                 kPing + std::string(1, '\0'),
                                 std::string("{'method':'test.ping'}")}) {
    const Reply reply = Ask(bad);
    CAPTURE(bad, reply.body);
    CHECK(CodeOf(reply) == 1005);
    CHECK(FieldOf(reply) == "body");
    CHECK(json::parse(reply.body)["error"]["details"]["description"].get<std::string>().substr(0, 5) == "body ");
    CHECK(reply.body.find("zqmarkerqz") == std::string::npos);
    CHECK(IsSignedBy(reply, SecretOf(kNormal)));
  }
  CHECK(CodeOf(Ask(" \r\n\t" + kPing + " \n")) == 0);
  CHECK(CodeOf(Ask(R"({"method":"test.ping","a":)" + std::string(31, '[') + std::string(31, ']') + "}")) == 0);
}

TEST_CASE_METHOD(GatewayTest, "a method is named by a string or by an object with the string const") {
  struct Row {
    std::string method;
    int code;
  };
  const std::vector<Row> table = {
      {R"("test.ping")", 0},
      {R"({"const":"test.ping"})", 0},
      {R"({"const":"test.ping","more":1})", 0},
      {R"("test\u002eping")", 0},
      {R"({"const":null})", 1005},
      {R"({"const":5})", 1005},
      {R"({"const":{"const":"test.ping"}})", 1005},
      {R"({})", 1005},
      {R"(["test.ping"])", 1005},
      {"null", 1005},
      {"5", 1005},
      {"true", 1005},
      {R"("")", 1002},
      {R"("TEST.PING")", 1002},
      {R"("test.ping ")", 1002},
      {R"("test.pin")", 1002},
      {R"("webhook.list")", 1002},
      {R"({"const":"nothing"})", 1002},
  };
  for (const Row& row : table) {
    const Reply reply = Ask(R"({"method":)" + row.method + "}");
    CAPTURE(row.method, reply.body);
    CHECK(CodeOf(reply) == row.code);
    CHECK(reply.http_status == (row.code == 0 ? 200 : row.code == 1002 ? 404 : 400));
    if (row.code == 1005) CHECK(FieldOf(reply) == "method");
  }
}

TEST_CASE_METHOD(GatewayTest, "params may be absent or null; anything else but an object is 1005 for every method") {
  for (const char* good : {"", R"(,"params":null)", R"(,"params":{})", R"(,"params":{"a":1},"more":[])"}) {
    CAPTURE(good);
    CHECK(CodeOf(Ask(R"({"method":"test.ping")" + std::string(good) + "}")) == 0);
  }
  for (const char* bad : {"[]", "5", "\"{}\"", "true", "false", "0"}) {
    const Reply reply = Ask(R"({"method":"test.ping","params":)" + std::string(bad) + "}");
    CAPTURE(bad, reply.body);
    CHECK(CodeOf(reply) == 1005);
    CHECK(FieldOf(reply) == "params");
  }
}

// ---- what handlers see and what comes back ----

TEST_CASE_METHOD(GatewayTest, "a handler sees the application, the params, the service id and the request id") {
  Call call = SignedCall(kNormal, R"({"method":"test.echo","service_id":"14701","params":{"a":[1]}})");
  call.received_us = 12345;
  const Reply reply = Ask(call);
  const json seen = json::parse(reply.body)["result"];
  CHECK(seen["application"] == kNormal);
  CHECK(seen["params"] == R"({"a":[1]})");
  CHECK(seen["service_id"] == R"("14701")");
  CHECK(seen["request_id"] == reply.request_id);
  CHECK(seen["received_us"] == 12345);
  const json bare = json::parse(Ask(R"({"method":"test.echo","params":null})").body)["result"];
  CHECK(bare["params"] == "absent");
  CHECK(bare["service_id"] == "absent");
}

TEST_CASE_METHOD(GatewayTest, "a call belongs to the caller's trace, or to one that begins with its request id") {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string good = "00-" + id + "-00f067aa0ba902b7-01";
  const auto trace_of = [this](std::optional<std::string> traceparent, std::optional<std::string> tracestate) {
    Call call = SignedCall(kNormal, R"({"method":"test.echo"})");
    call.traceparent = std::move(traceparent);
    call.tracestate = std::move(tracestate);
    const Reply reply = Ask(call);
    std::string digits = reply.request_id;
    std::erase(digits, '-');
    const auto seen = json::parse(reply.body)["result"]["trace"].get<std::string>();
    return seen == digits + "-01" ? std::string("begun") : seen;
  };
  CHECK(trace_of(good, "rojo=1") == id + "-01 rojo=1");
  CHECK(trace_of(good, "Rojo=1") == id + "-01");
  CHECK(trace_of(good, std::nullopt) == id + "-01");
  CHECK(trace_of(std::nullopt, "rojo=1") == "begun");
  CHECK(trace_of(good + ", " + good, "rojo=1") == "begun");
  CHECK(trace_of("", "rojo=1") == "begun");
}

TEST_CASE_METHOD(GatewayTest, "a success is compact, in order, signed over its exact bytes") {
  const Reply reply = Ask(kPing);
  CHECK(reply.body == R"({"success":true,"result":{"message":"pong"},"request_id":")" + reply.request_id +
                          R"(","processing_time":0})");
  CHECK(reply.http_status == 200);
  CHECK_FALSE(reply.close);
  CHECK(reply.headers.empty());
  CHECK(IsSignedBy(reply, SecretOf(kNormal)));
  CHECK(Ask(kPing).request_id != reply.request_id);
}

TEST_CASE_METHOD(GatewayTest, "processing_time is whole milliseconds between taking the call and answering it") {
  ReplyBox box;
  gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
  REQUIRE(held.size() == 1);
  clock.AdvanceMs(1234);
  held[0](std::string("{}"));
  REQUIRE(box.count() == 1);
  CHECK(json::parse(box.last().body)["processing_time"] == 1234);
}

TEST_CASE_METHOD(GatewayTest, "what a handler throws is 2001, and nothing of it leaves the process") {
  for (const char* method : {"test.throws", "test.throws_oddly"}) {
    const Reply reply = Ask(R"({"method":")" + std::string(method) + "\"}");
    CHECK(CodeOf(reply) == 2001);
    CHECK(reply.http_status == 400);
    CHECK(reply.body.find("inside") == std::string::npos);
    CHECK(IsSignedBy(reply, SecretOf(kNormal)));
  }
  CHECK(CodeOf(Ask(R"({"method":"test.answers_and_throws"})")) == 0);
}

TEST_CASE_METHOD(GatewayTest, "the first answer of a handler counts") {
  CHECK(json::parse(Ask(R"({"method":"test.answers_twice"})").body)["result"]["answer"] == 1);
}

TEST_CASE_METHOD(GatewayTest, "busy is 429 with Retry-After, signed") {
  const Reply reply = Ask(R"({"method":"test.busy"})");
  CHECK(reply.http_status == 429);
  CHECK(CodeOf(reply) == 1000);
  CHECK(json::parse(reply.body)["error"]["details"] == json::parse(R"({"description":"Server is busy"})"));
  CHECK(std::stoi(HeaderOf(reply, "Retry-After")) >= 1);
  CHECK(IsSignedBy(reply, SecretOf(kNormal)));
}

TEST_CASE_METHOD(GatewayTest, "step 0 is answered by unsigned envelopes") {
  const Reply framing = gateway->RefuseFraming();
  CHECK(framing.http_status == 400);
  CHECK(framing.close);
  CHECK(framing.data_hash.empty());
  CHECK(framing.body == R"({"success":false,"error":{"code":1003,"message":"Incorrect use of API","details":null,)"
                        R"("context":null},"request_id":")" +
                            framing.request_id + R"(","processing_time":0})");
  const Reply overload = gateway->RefuseOverload();
  CHECK(overload.http_status == 429);
  CHECK(overload.data_hash.empty());
  CHECK(CodeOf(overload) == 1000);
  CHECK(json::parse(overload.body)["error"]["details"]["description"] == "Server is busy");
  CHECK(HeaderOf(overload, "Retry-After") == "1");
}

TEST_CASE_METHOD(GatewayTest, "counters tell successes, refusals and expired calls apart") {
  Ask(kPing);
  Ask(kPing);
  Ask("{}");
  gateway->RefuseFraming();
  ReplyBox box;
  gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
  clock.AdvanceMs(options.answer_within_ms);
  gateway->ExpireOverdue();
  const Gateway::Counters counters = gateway->counters();
  CHECK(counters.succeeded == 2);
  CHECK(counters.refused == 3);
  CHECK(counters.expired == 1);
}

TEST_CASE_METHOD(GatewayTest, "durations are shown by method and code, refusals by the limit that was used up") {
  options.notification = {1, 1};
  options.unauthenticated = {1, 1};
  Open();
  Ask(kPing);
  Ask(kPing);
  Ask(R"({"method":"test.throws"})");
  Ask("{}");
  for (int i = 0; i < 3; ++i) Ask(R"({"method":"payment.notification","params":{}})");
  ReplyBox box;
  gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
  clock.AdvanceMs(options.answer_within_ms);
  gateway->ExpireOverdue();
  for (int i = 0; i < 2; ++i) {
    Call stranger = SignedCall(kUnknown, kPing);
    ReplyBox refused;
    gateway->Handle(std::move(stranger), refused.Opening());
  }
  gateway->RefuseFraming();  // never became a call: it has no duration
  observability::MetricsPage page;
  gateway->Collect(&page);
  const std::string text = page.Text();
  const auto shows = [&](const std::string& sample) {
    INFO(sample);
    INFO(text);
    CHECK(text.find(sample + "\n") != std::string::npos);
  };
  const std::string count = "multihub_request_duration_seconds_count";
  shows(count + R"({method="test.ping",code="0"} 2)");
  shows(count + R"({method="test.echo",code="0"} 0)");
  shows(count + R"({method="test.throws",code="2001"} 1)");
  shows(count + R"({method="none",code="1005"} 1)");
  shows(count + R"({method="payment.notification",code="0"} 1)");
  shows(count + R"({method="payment.notification",code="1000"} 2)");
  shows(count + R"({method="test.later",code="2000"} 1)");
  shows(R"(multihub_request_duration_seconds_bucket{method="test.later",code="2000",le="2.5"} 0)");
  shows(R"(multihub_request_duration_seconds_bucket{method="test.later",code="2000",le="10"} 1)");
  shows(count + R"({method="none",code="3003"} 1)");
  shows(count + R"({method="none",code="1000"} 1)");
  shows(R"(multihub_rate_limit_refusals_total{limit="notification"} 2)");
  shows(R"(multihub_rate_limit_refusals_total{limit="unauthenticated"} 1)");
  shows(R"(multihub_rate_limit_refusals_total{limit="payment"} 0)");
  CHECK(text.find("code=\"1003\"") == std::string::npos);
}

// ---- secrets ----

TEST_CASE_METHOD(GatewayTest, "during an overlap each caller is answered under the secret that verified its request") {
  storage::ApplicationRow& row = rows.rows.applications[0];
  row.sealed_previous_secret = TestRows::SealSecret(kNormal, "previous_secret", "before");
  row.previous_until_ms = kStart + 1000;
  row.secret_in_use = false;
  directory.Replace(rows.Build());

  Call old_call = SignedCall(kNormal, kPing);
  old_call.data_hash = SignatureOf(kPing, "before");
  const Reply old_reply = Ask(old_call);
  CHECK(CodeOf(old_reply) == 0);
  CHECK(IsSignedBy(old_reply, "before"));
  CHECK(in_use.empty());

  CHECK(IsSignedBy(Ask(kPing), SecretOf(kNormal)));
  CHECK(in_use == std::vector<std::int64_t>{kNormal});
  Ask(kPing);
  CHECK(in_use.size() == 1);

  clock.AdvanceMs(1000);
  CHECK(CodeOf(Ask(old_call)) == 3000);
  CHECK(IsSignedBy(Ask(kPing), SecretOf(kNormal)));
}

TEST_CASE_METHOD(GatewayTest, "the next rotation is reported again, once") {
  storage::ApplicationRow& row = rows.rows.applications[0];
  row.secret_in_use = false;
  directory.Replace(rows.Build());
  Ask(kPing);
  row.sealed_secret = TestRows::SealSecret(kNormal, "secret", "rotated");
  directory.Replace(rows.Build());
  Call call = SignedCall(kNormal, kPing);
  call.data_hash = SignatureOf(kPing, "rotated");
  Ask(call);
  Ask(call);
  CHECK(in_use == std::vector<std::int64_t>{kNormal, kNormal});
}

TEST_CASE_METHOD(GatewayTest, "a call that is under way keeps its application when the directory changes") {
  ReplyBox box;
  gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
  rows.rows.applications.clear();
  directory.Replace(rows.Build());
  CHECK(CodeOf(Ask(kPing)) == 3003);
  held[0](std::string("{}"));
  REQUIRE(box.count() == 1);
  CHECK(IsSignedBy(box.last(), SecretOf(kNormal)));
}

TEST_CASE_METHOD(GatewayTest, "before the directory is read a call is 2000, unsigned") {
  directory.Replace(nullptr);
  const Reply reply = Ask(kPing);
  CHECK(CodeOf(reply) == 2000);
  CHECK(reply.data_hash.empty());
}

// ---- limits ----

TEST_CASE_METHOD(GatewayTest, "limits stand on admitted answers and on the refusal") {
  options.payment = {60, 2};
  Open();
  const std::string body = R"({"method":"payment.in"})";
  const Reply first = Ask(body);
  CHECK(HeaderOf(first, "RateLimit-Limit") == "60");
  CHECK(HeaderOf(first, "RateLimit-Remaining") == "1");
  CHECK(HeaderOf(first, "RateLimit-Reset") == "1");
  CHECK(HeaderOf(first, "Retry-After").empty());
  const Reply second = Ask(R"({"method":"payment.in","params":5})");  // a malformed call is counted like any other
  CHECK(CodeOf(second) == 1005);
  CHECK(HeaderOf(second, "RateLimit-Remaining") == "0");
  const Reply third = Ask(body);
  CHECK(third.http_status == 429);
  CHECK(CodeOf(third) == 1000);
  CHECK(json::parse(third.body)["error"]["details"] == json::parse(R"({"description":"Rate limit exceeded"})"));
  CHECK(HeaderOf(third, "RateLimit-Limit") == "60");
  CHECK(HeaderOf(third, "RateLimit-Remaining") == "0");
  CHECK(HeaderOf(third, "RateLimit-Reset") == "2");
  CHECK(HeaderOf(third, "Retry-After") == "1");
  CHECK(IsSignedBy(third, SecretOf(kNormal)));
  clock.AdvanceMs(1000);
  CHECK(CodeOf(Ask(body)) == 0);
}

TEST_CASE_METHOD(GatewayTest, "each application and method has its own bucket; ping has none") {
  options.payment = {1, 1};
  options.read = {1, 1};
  Open();
  for (const std::int64_t application : {kNormal, kOther}) {
    for (const char* method : {"payment.in", "payment.out", "payment.status"}) {
      const Call call = SignedCall(application, R"({"method":")" + std::string(method) + "\"}");
      CAPTURE(application, method);
      CHECK(CodeOf(Ask(call)) == 0);
      CHECK(CodeOf(Ask(call)) == 1000);
    }
  }
  for (int i = 0; i < 100; ++i) CHECK(CodeOf(Ask(kPing)) == 0);
}

TEST_CASE_METHOD(GatewayTest, "limits can be switched off") {
  options.limits_enabled = false;
  options.payment = {1, 1};
  options.unauthenticated = {1, 1};
  Open();
  Call stranger = SignedCall(kUnknown, kPing);
  for (int i = 0; i < 10; ++i) {
    const Reply reply = Ask(R"({"method":"payment.in"})");
    CHECK(CodeOf(reply) == 0);
    CHECK(reply.headers.empty());
    CHECK(CodeOf(Ask(stranger)) == 3003);
  }
}

TEST_CASE_METHOD(GatewayTest, "refusals of steps 3 to 6 use up their source address; nothing else does") {
  options.unauthenticated = {60, 1};
  for (const Fault& fault : FaultsInOrder()) {
    Open();
    Spoiled spoiled;
    if (fault.name == "rate limit") continue;  // has tests of its own
    fault.spoil(&spoiled);
    CAPTURE(fault.name);
    CHECK(CodeOf(Ask(spoiled.ToCall())) == fault.code);
    const Reply again = Ask(spoiled.ToCall());
    const bool charged = fault.code >= 3000;
    CHECK(CodeOf(again) == (charged ? 1000 : fault.code));
    if (!charged) continue;
    CHECK(again.http_status == 429);
    CHECK(again.data_hash.empty());
    CHECK(HeaderOf(again, "Retry-After") == "1");
    CHECK(json::parse(again.body)["error"]["details"]["description"] == "Rate limit exceeded");
  }
}

TEST_CASE_METHOD(GatewayTest, "a caller whose signature verifies is never refused by an exhausted source") {
  options.unauthenticated = {60, 1};
  Open();
  const Call stranger = SignedCall(kUnknown, kPing);
  for (int i = 0; i < 10; ++i) Ask(stranger);
  CHECK(CodeOf(Ask(stranger)) == 1000);
  for (int i = 0; i < 10; ++i) CHECK(CodeOf(Ask(kPing)) == 0);
  CHECK(CodeOf(Ask("not JSON")) == 1005);
  clock.AdvanceMs(1000);
  CHECK(CodeOf(Ask(stranger)) == 3003);
}

TEST_CASE_METHOD(GatewayTest, "sources are counted by address, of IPv6 by the /64") {
  options.unauthenticated = {60, 1};
  const auto shared = [this](const std::string& one, const std::string& other) {
    Open();
    Call call = SignedCall(kUnknown, kPing);
    call.client_address = one;
    CHECK(CodeOf(Ask(call)) == 3003);
    call.client_address = other;
    return CodeOf(Ask(call)) == 1000;
  };
  CHECK(shared("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(shared("192.0.2.1", "192.0.2.2"));
  CHECK(shared("192.0.2.1", "::ffff:192.0.2.1"));
  CHECK(shared("2001:db8::1", "2001:db8::ffff:1:2:3"));
  CHECK_FALSE(shared("2001:db8::1", "2001:db8:0:1::1"));
  CHECK(shared("unreadable", "also unreadable"));
}

// ---- deadlines ----

TEST_CASE_METHOD(GatewayTest,
                 "a call not answered in time is 2000, signed, exactly once, and a late answer is dropped") {
  ReplyBox box;
  gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
  clock.AdvanceMs(options.answer_within_ms - 1);
  gateway->ExpireOverdue();
  CHECK(box.count() == 0);
  clock.AdvanceMs(1);
  gateway->ExpireOverdue();
  REQUIRE(box.count() == 1);
  CHECK(CodeOf(box.last()) == 2000);
  CHECK(IsSignedBy(box.last(), SecretOf(kNormal)));
  CHECK(json::parse(box.last().body)["processing_time"] == options.answer_within_ms);
  held[0](std::string("{}"));
  gateway->ExpireOverdue();
  CHECK(box.count() == 1);
}

TEST_CASE_METHOD(GatewayTest, "deadlines are counted from each call's own start") {
  ReplyBox box;
  for (int i = 0; i < 100; ++i) {
    gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
    clock.AdvanceMs(100);
  }
  gateway->ExpireOverdue();
  CHECK(box.count() == 1);
  held[50](std::string("{}"));
  CHECK(box.count() == 2);
  clock.AdvanceMs(4900);
  gateway->ExpireOverdue();
  CHECK(box.count() == 51);
  clock.AdvanceMs(options.answer_within_ms);
  gateway->ExpireOverdue();
  CHECK(box.count() == 100);
}

TEST_CASE_METHOD(GatewayTest, "an answered call is not kept until its deadline") {
  std::weak_ptr<int> kept;
  {
    auto token = std::make_shared<int>(1);
    kept = token;
    gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), [token](const Reply&) {});
  }
  CHECK_FALSE(kept.expired());
  held[0](std::string("{}"));
  CHECK(kept.expired());
}

TEST_CASE_METHOD(GatewayTest, "a gateway that goes answers what is open, and what finishes later does no harm") {
  ReplyBox box;
  gateway->Handle(SignedCall(kNormal, R"({"method":"test.later"})"), box.Opening());
  gateway.reset();
  REQUIRE(box.count() == 1);
  CHECK(CodeOf(box.last()) == 2000);
  held[0](std::string("{}"));
  CHECK(box.count() == 1);
}

TEST_CASE_METHOD(GatewayTest, "answers and deadlines that race give every call exactly one reply") {
  constexpr int kCalls = 20000;
  options.answer_within_ms = 0;
  std::atomic<int> replies{0};
  std::mutex mutex;
  std::vector<Finish> open;
  MethodTable methods = {{"test.later", RateClass::kNone, [&](const CallContext&, const Finish& finish) {
                            const std::lock_guard lock(mutex);
                            open.push_back(finish);
                          }}};
  Gateway racing(options, methods, directory, clock, random, nullptr);
  std::atomic<bool> done{false};
  std::thread finisher([&] {
    for (bool last = false; !last;) {
      last = done;
      std::vector<Finish> taken;
      {
        const std::lock_guard lock(mutex);
        taken.swap(open);
      }
      for (const Finish& finish : taken) finish(std::string("{}"));
    }
  });
  std::thread expirer([&] {
    while (!done) racing.ExpireOverdue();
  });
  const Call call = SignedCall(kNormal, R"({"method":"test.later"})");
  for (int i = 0; i < kCalls; ++i) racing.Handle(call, [&](const Reply&) { ++replies; });
  done = true;
  finisher.join();
  expirer.join();
  racing.ExpireOverdue();
  CHECK(replies == kCalls);
  const Gateway::Counters counters = racing.counters();
  CHECK(counters.succeeded + counters.refused == kCalls);
  CHECK(counters.expired == counters.refused);
}

// ---- the REST twin of payment.notification ----

TEST_CASE_METHOD(GatewayTest, "the resend endpoint runs payment.notification for the payment in its path") {
  Call call = SignedCall(kNormal, "");
  call.path = std::string(kResendPath);
  call.content_type = std::nullopt;
  const Reply reply = Ask(call);
  CHECK(CodeOf(reply) == 0);
  CHECK(IsSignedBy(reply, SecretOf(kNormal)));
  REQUIRE(notified.size() == 1);
  CHECK(notified[0] == R"({"payment":{"identifiers":{"h_id":"pay_01hx3q7k2m4v8d5e6f7g8h9j0k"}}})");
}

TEST_CASE_METHOD(GatewayTest, "the resend endpoint hashes its body and looks at it no further") {
  for (const char* body : {"{}", "not JSON", R"({"params":5})"}) {
    Call call = SignedCall(kNormal, body);
    call.path = std::string(kResendPath);
    call.content_type = "text/plain";
    CAPTURE(body);
    CHECK(CodeOf(Ask(call)) == 0);
    call.body += " ";
    CHECK(CodeOf(Ask(call)) == 3000);
  }
}

TEST_CASE_METHOD(GatewayTest, "the resend endpoint passes gates 1 to 6 in the same order") {
  struct Row {
    void (*spoil)(Call*);
    int code;
  };
  const std::vector<Row> table = {
      {[](Call* call) { call->verb = "GET"; }, 1007},
      {[](Call* call) { call->body_too_large = true; }, 1005},
      {[](Call* call) { call->data_hash = std::nullopt; }, 3002},
      {[](Call* call) { call->application_id = std::nullopt; }, 3001},
      {[](Call* call) { call->application_id = "9"; }, 3003},
      {[](Call* call) { call->data_hash = std::string(128, '0'); }, 3000},
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    Call call = SignedCall(kNormal, "");
    call.path = std::string(kResendPath);
    for (std::size_t j = table.size(); j-- > i;) table[j].spoil(&call);  // the earliest fault wins the field
    CAPTURE(i);
    CHECK(CodeOf(Ask(call)) == table[i].code);
  }
  CHECK(notified.empty());
}

TEST_CASE_METHOD(GatewayTest, "the resend endpoint and payment.notification share one bucket") {
  options.notification = {10, 2};
  Open();
  Call resend = SignedCall(kNormal, "");
  resend.path = std::string(kResendPath);
  CHECK(HeaderOf(Ask(resend), "RateLimit-Remaining") == "1");
  CHECK(HeaderOf(Ask(R"({"method":"payment.notification","params":{}})"), "RateLimit-Remaining") == "0");
  const Reply refused = Ask(resend);
  CHECK(refused.http_status == 429);
  CHECK(HeaderOf(refused, "Retry-After") == "6");
  CHECK(IsSignedBy(refused, SecretOf(kNormal)));
  CHECK(CodeOf(Ask(R"({"method":"payment.notification"})")) == 1000);
}

TEST_CASE_METHOD(GatewayTest, "a resend path that can name no payment is 6010 or is passed on as plain text") {
  Call call = SignedCall(kNormal, "");
  call.path = "/api/v1/payments/\xff\xfe/webhook/resend";
  CHECK(CodeOf(Ask(call)) == 6010);
  CHECK(notified.empty());
  call.path = R"(/api/v1/payments/"},"x":{"/webhook/resend)";
  CHECK(CodeOf(Ask(call)) == 0);
  REQUIRE(notified.size() == 1);
  CHECK(json::parse(notified[0])["payment"]["identifiers"]["h_id"] == R"("},"x":{")");
}

TEST_CASE_METHOD(GatewayTest, "published vectors are answered") {
  const std::string secret = "unit-test-secret";
  rows.rows.applications[0].sealed_secret = TestRows::SealSecret(kNormal, "secret", secret);
  directory.Replace(rows.Build());
  Call call = SignedCall(kNormal, R"({"method":"gateway.ping","params":{}})");
  call.data_hash =
      "9653ad213cc056018d72ebb23359988cb438a4e9f1b6b678c81497e824e9508faecd111d0939ede5e42596bbc8d918d8d76a4359c54a65b2"
      "651759a3077d7c7d";
  const Reply reply = Ask(call);
  CHECK(CodeOf(reply) == 1002);  // these tests have other methods; the signature was accepted
  CHECK(IsSignedBy(reply, secret));
}

}  // namespace
}  // namespace multihub::rpc
