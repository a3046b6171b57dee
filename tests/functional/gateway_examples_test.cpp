// The requests of clients as they really send them, and what they may rely on in the answers.
#include <regex>
#include <set>

#include "support/fixtures.h"
#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::Fixture;
using support::SignedClient;

std::vector<std::string> KeysOf(const std::string& object) {
  std::vector<std::string> keys;
  const auto document = nlohmann::ordered_json::parse(object);
  for (const auto& item : document.items()) keys.push_back(item.key());
  return keys;
}

// A request file, byte for byte.
Answer Send(SignedClient* client, const std::string& name) {
  const std::string body = Fixture("requests/" + name + ".json");
  return client->Call(std::string_view(body));
}

// The payment of an answer, its keys in the order sent.
std::vector<std::string> PaymentKeys(const Answer& answer) {
  return KeysOf(nlohmann::ordered_json::parse(answer.raw)["result"]["payment"].dump());
}

bool IsTime(const json& text) {
  static const std::regex iso(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  return text.is_string() && std::regex_match(text.get<std::string>(), iso);
}

void CheckNewPayment(const json& payment) {
  INFO(payment.dump());
  CHECK(std::regex_match(IdOf(payment), std::regex("pay_[0-9a-hjkmnp-tv-z]{26}")));
  CHECK(payment["status"] == json{{"status", "created"}, {"final", false}, {"success", nullptr}, {"error", nullptr}});
  CHECK(payment["status_version"] == 1);
  CHECK(IsTime(payment["timestamps"]["created"]));
  CHECK(IsTime(payment["timestamps"]["updated"]));
  CHECK(payment["timestamps"]["finished"].is_null());
  CHECK(payment["operations"] == json::array());
}

TEST_CASE("gateway: the example requests sent byte for byte get their answers") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();

  const Answer ping = Send(&client, "gateway_ping");
  CheckAnswer(ping, 0);
  CHECK(ping.raw.rfind(R"({"success":true,"result":{"message":"pong"},"request_id":")", 0) == 0);

  const Answer upi = Send(&client, "payment_in_upi");
  const json deposit = PaymentIn(upi);
  CheckNewPayment(deposit);
  CHECK(PaymentKeys(upi) == std::vector<std::string>{"amount", "identifiers", "status", "status_version", "timestamps",
                                                     "destination", "service_id", "redirect", "receiver",
                                                     "operations"});
  CHECK(deposit["amount"] == json{{"value", 61200}, {"currency", "INR"}});
  CHECK(deposit["identifiers"].size() == 2);
  CHECK(deposit["identifiers"]["c_id"] == 1800000000042);
  CHECK(deposit["destination"] == "in");
  CHECK(deposit["service_id"] == 14701);
  CHECK(deposit["redirect"] ==
        json{{"to", "upi://pay?pa=sandbox%40examplebank&pn=Sandbox%20Merchant&am=612.00&cu=INR&tr=" + IdOf(deposit)}});
  CHECK(deposit["receiver"] == json::object());

  const Answer spei = Send(&client, "payment_in_string_cid");
  const json basket = PaymentIn(spei);
  CheckNewPayment(basket);
  CHECK(basket["identifiers"]["c_id"] == "basket-41-7730");
  CHECK(basket["service_id"] == 14703);
  CHECK_FALSE(basket.contains("redirect"));

  const json payout = PaymentIn(Send(&client, "payment_out_clabe"));
  CheckNewPayment(payout);
  CHECK(payout["destination"] == "out");
  CHECK(payout["amount"] == json{{"value", 210000}, {"currency", "MXN"}});
  CHECK(payout["receiver"] == json{{"person", {{"first_name", "In\u00e9s"}, {"last_name", "Vega"}}},
                                   {"bank", {{"account", {{"id", "646180000000000423"}}}}}});

  const json asked = PaymentIn(Send(&client, "payment_status"));
  CHECK(asked["identifiers"]["h_id"] == deposit["identifiers"]["h_id"]);
  CHECK(asked["identifiers"]["c_id"] == 1800000000042);
  const json asked_crlf = PaymentIn(Send(&client, "payment_status_crlf"));
  CHECK(asked_crlf["identifiers"]["h_id"] == basket["identifiers"]["h_id"]);

  const json done = AwaitFinal(&client, IdOf(basket));
  CHECK(done["status"] == json{{"status", "success"}, {"final", true}, {"success", true}, {"error", nullptr}});
  CHECK(done["identifiers"]["p_id"].get<std::string>() != "");
  CHECK(done["identifiers"]["utr"].get<std::string>() != "");
  CHECK(IsTime(done["timestamps"]["finished"]));
  CheckAnswer(Send(&client, "payment_notification"), 8001);

  AwaitFinal(&client, IdOf(deposit));
  AwaitFinal(&client, IdOf(payout));
  const Answer balance = Send(&client, "balance_get");
  CheckAnswer(balance, 0);
  CHECK(KeysOf(nlohmann::ordered_json::parse(balance.raw)["result"]["balance"].dump()) ==
        std::vector<std::string>{"id", "amounts", "enabled"});
  CHECK(balance.at("/result/balance/id") == 1);
  CHECK(balance.at("/result/balance/enabled") == true);
  const auto amounts = nlohmann::ordered_json::parse(balance.raw)["result"]["balance"]["amounts"];
  REQUIRE(amounts.size() == 4);
  CHECK(amounts.dump() ==
        R"([{"value":50000000,"value_freezing":0,"value_blocking":0,"currency":"ARS","enabled":true},)"
        R"({"value":1000000,"value_freezing":0,"value_blocking":0,"currency":"AUD","enabled":true},)"
        R"({"value":100061200,"value_freezing":0,"value_blocking":0,"currency":"INR","enabled":true},)"
        // 50000000 + 84500 - (150 bps of it: 1267.5, so 1268) - 210000 - 500
        R"({"value":49872732,"value_freezing":0,"value_blocking":0,"currency":"MXN","enabled":true}])");
}

TEST_CASE("gateway: a fixture sent twice is the payment that exists") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  for (const char* name : {"payment_in_upi", "payment_in_string_cid", "payment_out_clabe"}) {
    const std::string body = Fixture(std::string("requests/") + name + ".json");
    const json payment = PaymentIn(client.Call(std::string_view(body)));
    const Answer again = client.Call(std::string_view(body));
    CheckAnswer(again, 6009);
    CHECK(again.at("/error/context/identifiers/c_id") == payment["identifiers"]["c_id"]);
    CHECK(again.at("/error/context/identifiers/h_id") == payment["identifiers"]["h_id"]);
    CHECK(again.at("/error/context/status").is_string());
    CHECK(again.at("/error/context").size() == 2);
  }
}

TEST_CASE("gateway: a signature vouches for exactly the bytes sent, in either case of its digits") {
  Sandbox sandbox(TestEngine::kSqlite);
  SignedClient client = sandbox.Client();
  for (const std::string& name : support::RequestFixtures()) {
    const std::string body = Fixture("requests/" + name);
    std::string hash = support::Sign(body, client.secret());
    CheckUnsigned(client.CallWith(body + " ", {{"X-Data-Hash", hash}}), 3000);
    CheckUnsigned(client.CallWith(json::parse(body).dump(1), {{"X-Data-Hash", hash}}), 3000);
    for (char& digit : hash) digit = static_cast<char>(std::toupper(digit));
    const Answer answer = client.CallWith(body, {{"X-Data-Hash", hash}});
    CHECK(answer.code() != 3000);
    CHECK(answer.signature_ok);
  }
}

TEST_CASE("gateway: what may be left out or written differently") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  for (const char* ping :
       {R"({"method":"gateway.ping"})", R"({"method":"gateway.ping","params":null})",
        R"({"method":{"const":"gateway.ping"},"params":{}})", R"({"method":"gateway.ping","service_id":[1]})",
        R"( { "method" : "gateway.ping" , "unknown" : [ 1 , { } ] } )", "{\"method\":\"gateway.ping\"}\r\n"}) {
    const Answer answer = client.Call(std::string_view(ping));
    CheckAnswer(answer, 0);
    CHECK(answer.at("/result") == json{{"message", "pong"}});
  }
  CheckAnswer(client.CallWith(kPing, {{"Content-Type", "application/json; charset=utf-8"}}), 0);
  CheckAnswer(client.CallRaw("POST", std::string(support::kApiPath) + "?a=b", client.Headers(kPing), kPing), 0);

  json deposit = Deposit(14702, 100, "INR", "out-1");
  deposit["service_id"] = "14702";
  deposit["params"]["payment"]["description"] = nullptr;
  CHECK(PaymentIn(client.Call(deposit))["service_id"] == 14702);
  for (const char* value : {"100", "100.0", "1e2", "10000e-2"}) {
    const std::string body = std::string(R"({"method":"payment.in","service_id":14702.0,"params":{"payment":)") +
                             R"({"payer":{},"amount":{"value":)" + value +
                             R"(,"currency":"INR"},"identifiers":{"c_id":"v)" + value + R"("}}}})";
    CHECK(PaymentIn(client.Call(std::string_view(body)))["amount"]["value"] == 100);
  }
}

// A deposit whose c_id is that JSON text.
std::string DepositText(const std::string& c_id) {
  return R"({"method":"payment.in","service_id":14702,"params":{"payment":{"payer":{},)"
         R"("amount":{"value":5000,"currency":"INR"},"identifiers":{"c_id":)" +
         c_id + "}}}}";
}
std::string StatusText(const std::string& c_id) {
  return R"({"method":"payment.status","params":{"payment":{"identifiers":{"c_id":)" + c_id + "}}}}";
}

struct SameClientId {
  std::vector<std::string> spellings;  // the first one creates the payment
  json echoed;
};

TEST_CASE("gateway: a c_id is its text, echoed in the JSON type of its first call") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const std::vector<SameClientId> groups = {
      {{"7", "7.0", "7e0", "\"7\"", "70e-1", "0.7e1"}, 7},
      {{"\"8\"", "8", "8.0"}, "8"},
      {{"9.0", "9", "\"9\""}, 9},
      {{"\"007\""}, "007"},
      {{"\"7 \""}, "7 "},
      {{"\" 7\""}, " 7"},
      {{"\"7.0\""}, "7.0"},
      {{"\"A\"", "\"\\u0041\""}, "A"},
      {{"\"a\""}, "a"},
      {{"\"\\u00e9\"", "\"\xC3\xA9\""}, "\xC3\xA9"},
      {{"\"e\\u0301\""}, "e\xCC\x81"},
      {{"\"\xC3\x89\""}, "\xC3\x89"},
      {{"0", "\"0\"", "0.0", "-0"}, 0},
      {{"9007199254740991", "\"9007199254740991\""}, 9007199254740991},
      {{"\"" + std::string(128, 'x') + "\""}, std::string(128, 'x')},
  };
  std::set<std::string> ids;
  for (const SameClientId& group : groups) {
    const json payment = PaymentIn(client.Call(std::string_view(DepositText(group.spellings[0]))));
    const std::string h_id = IdOf(payment);
    CHECK(ids.insert(h_id).second);
    CHECK(payment["identifiers"]["c_id"].dump() == group.echoed.dump());
    for (const std::string& spelling : group.spellings) {
      INFO(spelling);
      const Answer again = client.Call(std::string_view(DepositText(spelling)));
      CheckAnswer(again, 6009);
      CHECK(again.at("/error/context/identifiers/h_id") == h_id);
      CHECK(again.at("/error/context/identifiers/c_id").dump() == group.echoed.dump());
      const json found = PaymentIn(client.Call(std::string_view(StatusText(spelling))));
      CHECK(IdOf(found) == h_id);
      CHECK(found["identifiers"]["c_id"].dump() == group.echoed.dump());
    }
  }
  for (const char* nobody : {"\"7\\u0020\\u0020\"", "\"A \"", "70", "\"x\"", "-7", "1e400", "\"\""}) {
    INFO(nobody);
    CheckAnswer(client.Call(std::string_view(StatusText(nobody))), 6010);
  }
}

TEST_CASE("gateway: an application with strict identifiers takes text only") {
  Sandbox sandbox(EachEngine());
  SignedClient strict = sandbox.Client(5);
  CHECK(PaymentIn(strict.Call(std::string_view(DepositText("\"7\""))))["identifiers"]["c_id"] == "7");
  for (const std::string& body :
       {DepositText("7"), StatusText("7"),
        std::string(R"({"method":"payment.notification","params":{"payment":{"identifiers":{"c_id":7}}}})")}) {
    const Answer answer = strict.Call(std::string_view(body));
    CheckAnswer(answer, 1005);
    CHECK(answer.at("/error/details/field") == "params.payment.identifiers.c_id");
  }
  CheckAnswer(strict.Call(std::string_view(StatusText("\"7\""))), 0);
}

TEST_CASE("gateway: applications of the sandbox that may not call") {
  Sandbox sandbox(EachEngine());
  CheckUnsigned(sandbox.Client(3).Call(std::string_view(kPing)), 3004);
  CheckUnsigned(sandbox.Client(4).Call(std::string_view(kPing)), 3005);
  CheckUnsigned(sandbox.Client(6).Call(std::string_view(kPing)), 3003);
  CheckAnswer(sandbox.Client(2).Call(std::string_view(kPing)), 0);
}

TEST_CASE("gateway: an event names its merchant and holds the payment as it was") {
  Sandbox sandbox(EachEngine());
  for (const auto& [application, merchant] : std::map<int, std::string>{{1, "1"}, {2, "2"}}) {
    SignedClient client = sandbox.Client(application);
    const json created = PaymentIn(client.Call(Deposit(14702, 5000, "INR", "event")));
    const Rows rows =
        sandbox.Sql("SELECT body FROM events WHERE status_version = 1 AND h_id = '" + IdOf(created) + "'");
    REQUIRE(rows.size() == 1);
    const json event = json::parse(rows[0].at(0));
    CHECK(event["merchant_id"] == merchant);
    CHECK(event["id"] == IdOf(created) + ":payment.created");
    CHECK(event["data"]["result"]["payment"] == created);
  }
}

}  // namespace
}  // namespace multihub::functional
