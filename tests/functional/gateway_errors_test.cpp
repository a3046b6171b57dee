// Every code of the catalogue that a call can bring about, by the smallest request that does.
#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

const json kAbsent = "(absent)";

// `request` with the value at `pointer` replaced, or taken away.
json With(json request, const std::string& pointer, const json& value) {
  const json::json_pointer place(pointer);
  if (value == kAbsent) {
    request[place.parent_pointer()].erase(place.back());
  } else {
    request[place] = value;
  }
  return request;
}

json CardPayout(const std::string& number) {
  return Payout(14806, 5000, "EUR", "card-1", {{"card", {{"number", number}}}});
}
json PayidPayout(std::int64_t value) {
  return Payout(14805, value, "AUD", "payid-1", {{"payid", "pay@example.test"}, {"payid_type", "email"}});
}

struct Refused {
  std::string name;
  json request;
  int code;
  std::string field;  // of details, 1005 only
};

const std::string kPayment = "/params/payment";

std::vector<Refused> RefusedCalls() {
  const json in = Deposit(14702, 5000, "INR", "refused-1");
  const json upi = Deposit(14701, 5000, "INR", "refused-2");
  const json out = MxnPayout(5000, "refused-3");
  return {
      {"method missing", json{{"params", json::object()}}, 1005, "method"},
      {"method a number", json{{"method", 1}}, 1005, "method"},
      {"method unknown", json{{"method", "payment.refund"}}, 1002, ""},
      {"params an array", With(in, "/params", json::array()), 1005, "params"},
      {"ping with params a string", json{{"method", "gateway.ping"}, {"params", "x"}}, 1005, "params"},
      {"service_id missing", With(in, "/service_id", kAbsent), 1005, "service_id"},
      {"service_id null", With(in, "/service_id", nullptr), 1005, "service_id"},
      {"service_id with a zero in front", With(in, "/service_id", "014702"), 1005, "service_id"},
      {"service_id not whole", With(in, "/service_id", 1.5), 1005, "service_id"},
      {"payment missing", With(in, kPayment, kAbsent), 1005, "params.payment"},
      {"payer missing", With(in, kPayment + "/payer", kAbsent), 1005, "params.payment.payer"},
      {"receiver missing", With(out, kPayment + "/receiver", kAbsent), 1005, "params.payment.receiver"},
      {"amount missing", With(in, kPayment + "/amount", kAbsent), 1005, "params.payment.amount"},
      {"value missing", With(in, kPayment + "/amount/value", kAbsent), 1005, "params.payment.amount.value"},
      {"value a string", With(in, kPayment + "/amount/value", "5000"), 1005, "params.payment.amount.value"},
      {"value not whole", With(in, kPayment + "/amount/value", 100.5), 1005, "params.payment.amount.value"},
      {"currency missing", With(in, kPayment + "/amount/currency", kAbsent), 1005, "params.payment.amount.currency"},
      {"c_id missing", With(in, kPayment + "/identifiers", kAbsent), 1005, "params.payment.identifiers.c_id"},
      {"c_id empty", With(in, kPayment + "/identifiers/c_id", ""), 1005, "params.payment.identifiers.c_id"},
      {"c_id of 129 characters", With(in, kPayment + "/identifiers/c_id", std::string(129, 'x')), 1005,
       "params.payment.identifiers.c_id"},
      {"c_id with a control character", With(in, kPayment + "/identifiers/c_id", "a\tb"), 1005,
       "params.payment.identifiers.c_id"},
      {"c_id negative", With(in, kPayment + "/identifiers/c_id", -1), 1005, "params.payment.identifiers.c_id"},
      {"description too long", With(in, kPayment + "/description", std::string(1025, 'x')), 1005,
       "params.payment.description"},
      {"country too long", With(in, kPayment + "/client", {{"country", "INDI"}}), 1005,
       "params.payment.client.country"},
      {"e-mail too long", With(in, kPayment + "/payer/email", std::string(256, 'x')), 1005,
       "params.payment.payer.email"},
      {"webhook_url without a host", With(in, kPayment + "/webhook_url", "https://"), 1005,
       "params.payment.webhook_url"},
      {"webhook_url private", With(in, kPayment + "/webhook_url", "https://10.0.0.1/hook"), 1005,
       "params.payment.webhook_url"},
      {"webhook_url private in hex", With(in, kPayment + "/webhook_url", "http://0xa000001/"), 1005,
       "params.payment.webhook_url"},
      {"webhook_events unknown", With(in, kPayment + "/webhook_events", {"payment.exploded"}), 1005,
       "params.payment.webhook_events"},
      {"CLABE with a wrong check digit", With(out, kPayment + "/receiver/bank/account/id", "646180000000000424"), 1005,
       "params.payment.receiver.bank.account.id"},
      {"CLABE in another field", With(out, kPayment + "/receiver/bank", {{"clabe", kClabe}}), 1005,
       "params.payment.receiver.bank.account.id"},
      {"required first name missing",
       Payout(14802, 5000, "INR", "refused-4",
              {{"bank", {{"ifsc", "HDFC0000001"}, {"account", {{"id", "123456789"}}}}}}),
       1005, "params.payment.receiver.person.first_name"},
      {"card number wrong", CardPayout(std::string("41") + std::string(14, '2')), 1005,
       "params.payment.receiver.card.number"},
      {"status without identifiers", json{{"method", "payment.status"}}, 1005, "params.payment"},
      {"status by nothing", StatusOf(json::object()), 1005, "params.payment.identifiers"},
      {"status by p_id", StatusOf({{"p_id", "sim_1"}}), 1005, "params.payment.identifiers"},
      {"status by h_id of a wrong type", StatusOf({{"h_id", 7}}), 1005, "params.payment.identifiers.h_id"},
      {"route of another application", With(in, "/service_id", 14711), 1004, ""},
      {"route unknown", With(in, "/service_id", 99999), 1004, ""},
      {"payout route for a deposit", With(in, "/service_id", 14801), 1008, ""},
      {"deposit route for a payout", With(out, "/service_id", 14703), 1008, ""},
      {"route switched off", With(in, "/service_id", 14712), 1009, ""},
      {"currency switched off", Deposit(14713, 5000, "GEL", "refused-5"), 1010, ""},
      {"amount zero", With(in, kPayment + "/amount/value", 0), 6001, ""},
      {"amount negative", With(in, kPayment + "/amount/value", -100), 6001, ""},
      {"amount over 2^53-1", With(in, kPayment + "/amount/value", 9007199254740992), 6001, ""},
      {"currency another", With(in, kPayment + "/amount/currency", "USD"), 6002, ""},
      {"currency no currency", With(in, kPayment + "/amount/currency", "rupees, please"), 6002, ""},
      {"below the minimum", With(upi, kPayment + "/amount/value", 99), 5000, ""},
      {"above the maximum", With(upi, kPayment + "/amount/value", 10000001), 5000, ""},
      {"no balance", CardPayout(TestCardNumber()), 1011, ""},
      {"not enough funds", PayidPayout(1000001), 1012, ""},
      {"provider unavailable", With(in, kPayment + "/amount/value", 5005), 2002, ""},
      {"status of nothing", StatusOf(ById("pay_00000000000000000000000000")), 6010, ""},
      {"notification of nothing", NotificationOf({{"c_id", "nothing"}}), 6010, ""},
  };
}

TEST_CASE("gateway: each refusal has its code, and none leaves a payment or moves money") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const std::string before = Comparable(client.Call(json{{"method", "balance.get"}}));
  for (const Refused& refused : RefusedCalls()) {
    INFO(refused.name);
    const Answer answer = client.Call(refused.request);
    CheckAnswer(answer, refused.code);
    if (refused.code != 1005) continue;
    CHECK(answer.at("/error/details/field") == refused.field);
    const json description = answer.at("/error/details/description");
    REQUIRE(description.is_string());
    CHECK(Contains(description.get<std::string>(), refused.field));
    CHECK(answer.at("/error/details").size() == 2);
  }
  CHECK(Comparable(client.Call(json{{"method", "balance.get"}})) == before);
  CHECK(sandbox.Count("payments") == 0);
  CHECK(sandbox.Count("events") == 0);
}

TEST_CASE("gateway: the limits of a route are told") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const Answer upi = client.Call(Deposit(14701, 99, "INR", "x"));
  CHECK(upi.at("/error/context").dump() == R"({"max":10000000,"min":100})");
  const Answer spei = client.Call(MxnPayout(999, "x"));
  CheckAnswer(spei, 5000);
  CHECK(spei.at("/error/context") == json{{"min", 1000}, {"max", 100000000}});
  PaymentIn(client.Call(Deposit(14701, 100, "INR", "least")));
  PaymentIn(client.Call(Deposit(14701, 10000000, "INR", "most")));
}

TEST_CASE("gateway: business refusals come in the order of the contract") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  PaymentIn(client.Call(Deposit(14702, 5000, "INR", "taken")));
  const json taken = Deposit(14702, 5005, "INR", "taken");
  struct Step {
    json request;
    int code;
  };
  // Each request fails everything from its code on.
  json payout = Payout(14801, 0, "USD", "taken", {{"bank", {{"account", {{"id", "1"}}}}}});
  const json bad_receiver = payout;
  payout[json::json_pointer("/params/payment/receiver/bank/account/id")] = kClabe;
  const std::string value = kPayment + "/amount/value";
  const std::string currency = kPayment + "/amount/currency";
  const std::vector<Step> steps = {
      {With(Deposit(14801, 0, "USD", "taken"), "/service_id", 14711), 1004},
      {Deposit(14801, 0, "USD", "taken"), 1008},
      {Deposit(14712, 0, "USD", "taken"), 1009},
      {Deposit(14713, 0, "USD", "taken"), 1010},
      {bad_receiver, 1005},
      {payout, 6001},
      {With(payout, value, 5), 6002},
      {With(With(payout, value, 5), currency, "MXN"), 5000},
      {With(With(payout, value, 99999905), currency, "MXN"), 6009},
      {taken, 6009},
      {MxnPayout(99999905, "new"), 1012},
      {Deposit(14702, 5005, "INR", "new"), 2002},
  };
  for (const Step& step : steps) {
    INFO(step.request.dump());
    CheckAnswer(client.Call(step.request), step.code);
  }
}

struct RawCall {
  std::string name;
  std::string verb = "POST";
  std::string path = support::kApiPath;
  std::string body = kPing;
  std::vector<std::pair<std::string, std::string>> replaced;  // empty value: header left out
  int code = 0;
  bool is_signed = false;
  bool closes = false;
};

std::vector<RawCall> RawCalls() {
  const std::string other_hash = support::Sign("another body", support::SandboxSecret(1));
  const std::string big = R"({"method":"gateway.ping","x":")" + std::string(65536, 'x') + "\"}";
  return {
      {"unknown path", "POST", "/public/api/multihub/v2", kPing, {}, 1001},
      {"unknown path and verb", "GET", "/", kPing, {}, 1001},
      {"path under the REST root", "POST", "/api/v1/payments", kPing, {}, 1001},
      {"GET", "GET", support::kApiPath, "", {}, 1007},
      {"PUT", "PUT", support::kApiPath, kPing, {}, 1007},
      {"body too large", "POST", support::kApiPath, big, {}, 1005, false, true},
      {"header twice", "POST", support::kApiPath, kPing, {{"x-data-hash", other_hash}}, 1003, false, true},
      {"no hash", "POST", support::kApiPath, kPing, {{"X-Data-Hash", ""}}, 3002},
      {"hash too short", "POST", support::kApiPath, kPing, {{"X-Data-Hash", other_hash.substr(1)}}, 3002},
      {"hash of no hex", "POST", support::kApiPath, kPing, {{"X-Data-Hash", "g" + other_hash.substr(1)}}, 3002},
      {"no application", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", ""}}, 3001},
      {"application 0", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "0"}}, 3001},
      {"application 01", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "01"}}, 3001},
      {"application +1", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "+1"}}, 3001},
      {"application 2^53", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "9007199254740992"}}, 3001},
      {"application unknown", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "9007199254740991"}}, 3003},
      {"application disabled", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "3"}}, 3004},
      {"address not allowed", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "4"}}, 3005},
      {"hash of another body", "POST", support::kApiPath, kPing, {{"X-Data-Hash", other_hash}}, 3000},
      {"hash of another application", "POST", support::kApiPath, kPing, {{"X-Data-Application-Id", "2"}}, 3000},
      {"no content type", "POST", support::kApiPath, kPing, {{"Content-Type", ""}}, 1006, true},
      {"another content type", "POST", support::kApiPath, kPing, {{"Content-Type", "text/plain"}}, 1006, true},
      {"empty body", "POST", support::kApiPath, "", {}, 1005, true},
      {"no JSON", "POST", support::kApiPath, "{", {}, 1005, true},
      {"no object", "POST", support::kApiPath, "[]", {}, 1005, true},
      {"bytes behind", "POST", support::kApiPath, "{\"method\":\"gateway.ping\"}x", {}, 1005, true},
      {"key twice", "POST", support::kApiPath, R"({"method":"gateway.ping","method":"gateway.ping"})", {}, 1005, true},
      {"byte order mark", "POST", support::kApiPath, "\xEF\xBB\xBF{\"method\":\"gateway.ping\"}", {}, 1005, true},
      {"NUL escape", "POST", support::kApiPath, R"({"method":"gateway.ping","x":"\u0000"})", {}, 1005, true},
      {"lone surrogate", "POST", support::kApiPath, R"({"method":"gateway.ping","x":"\ud800"})", {}, 1005, true},
      {"33 levels",
       "POST",
       support::kApiPath,
       R"({"method":"gateway.ping","x":)" + std::string(32, '[') + std::string(32, ']') + "}",
       {},
       1005,
       true},
      {"not UTF-8", "POST", support::kApiPath, "{\"method\":\"gateway.ping\",\"x\":\"\xFF\"}", {}, 1005, true},
  };
}

TEST_CASE("gateway: answers are signed from the moment the signature verified, and never before") {
  Sandbox sandbox(EachEngine());
  for (const RawCall& call : RawCalls()) {
    INFO(call.name);
    SignedClient client = sandbox.Client();
    auto headers = client.Headers(call.body);
    for (const auto& change : call.replaced) {
      if (change.first != "x-data-hash") {  // in lower case it is added, not replaced
        std::erase_if(headers, [&](const auto& header) { return header.first == change.first; });
      }
      if (!change.second.empty()) headers.push_back(change);
    }
    const Answer answer = client.CallRaw(call.verb, call.path, headers, call.body);
    if (call.is_signed) {
      CheckAnswer(answer, call.code);
    } else {
      CheckUnsigned(answer, call.code);
    }
    const std::string* connection = answer.http.Header("Connection");
    CHECK((connection != nullptr && *connection == "close") == call.closes);
    if (!call.closes) CheckAnswer(client.Call(std::string_view(kPing)), 0);
  }
}

TEST_CASE("gateway: 6009 tells of the payment as it is now, across directions and for ever") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const json payment = PaymentIn(client.Call(Deposit(14702, 5001, "INR", "once")));
  AwaitFinal(&client, IdOf(payment));
  for (const json& request : {Deposit(14702, 5000, "INR", "once"), MxnPayout(5000, "once")}) {
    const Answer again = client.Call(request);
    CheckAnswer(again, 6009);
    CHECK(again.at("/error/context") ==
          json{{"identifiers", {{"c_id", "once"}, {"h_id", IdOf(payment)}}}, {"status", "error"}});
  }
  // What was refused does not use a c_id up.
  CheckAnswer(client.Call(Deposit(14702, 5005, "INR", "free")), 2002);
  CheckAnswer(client.Call(StatusOf({{"c_id", "free"}})), 6010);
  PaymentIn(client.Call(Deposit(14702, 5000, "INR", "free")));
}

TEST_CASE("gateway: a lookup whose identifiers or service disagree finds nothing") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const std::string first = IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", 1))));
  PaymentIn(client.Call(Deposit(14702, 5000, "INR", 2)));
  CheckAnswer(client.Call(StatusOf({{"h_id", first}, {"c_id", 1}})), 0);
  CheckAnswer(client.Call(StatusOf({{"h_id", first}, {"c_id", "1"}})), 0);
  CheckAnswer(client.Call(StatusOf({{"h_id", first}, {"c_id", 2}})), 6010);
  json filtered = StatusOf(ById(first));
  for (const json& service : {json(14702), json("14702"), json(nullptr)}) {
    filtered["service_id"] = service;
    CheckAnswer(client.Call(filtered), 0);
  }
  filtered["service_id"] = 14701;
  CheckAnswer(client.Call(filtered), 6010);
  CheckAnswer(client.Call(StatusOf(ById(first + "x"))), 6010);
  std::string upper = first;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  CheckAnswer(client.Call(StatusOf(ById(upper))), 6010);
}

}  // namespace
}  // namespace multihub::functional
