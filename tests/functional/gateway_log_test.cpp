// What merchants send stays out of the log.
#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

// A canary per field; each is looked for in the log later.
class Canaries {
 public:
  std::string Next(const std::string& field) {
    std::string canary = "canary" + std::to_string(canaries_.size()) + "x" + field;
    canaries_.push_back(canary);
    return canary;
  }
  std::string Keep(const std::string& value) {
    canaries_.push_back(value);
    return value;
  }
  const std::vector<std::string>& all() const { return canaries_; }

 private:
  std::vector<std::string> canaries_;
};

json Payer(Canaries* canaries) {
  return {{"email", canaries->Next("email") + "@example.test"},
          {"phone", canaries->Next("phone")},
          {"person", {{"first_name", canaries->Next("first")}, {"last_name", canaries->Next("last")}}},
          {"customer_account", {{"id", canaries->Next("account")}}},
          {"unknown", canaries->Next("unknown")}};
}

void AddEverything(json* request, Canaries* canaries) {
  json& payment = (*request)["params"]["payment"];
  payment["payer"] = Payer(canaries);
  payment["description"] = canaries->Next("description");
  payment["client"] = {{"language", "EN"}, {"country", "IN"}, {"unknown", canaries->Next("client")}};
  payment["webhook_url"] = "https://merchant.example.test/" + canaries->Next("url");
  payment["webhook_events"] = {"payment.completed", "payout.completed"};
  payment["unknown"] = canaries->Next("unknown");
  (*request)["unknown"] = canaries->Next("unknown");
  (*request)["params"]["unknown"] = canaries->Next("unknown");
}

std::vector<json> Requests(Canaries* canaries) {
  std::vector<json> requests;
  for (const std::int64_t amount : {5000, 5001, 5005, 5008, 5009, 0}) {
    json deposit = Deposit(14702, amount, "INR", canaries->Next("cid"));
    AddEverything(&deposit, canaries);
    requests.push_back(deposit);
    json payout = Payout(14802, amount, "INR", canaries->Next("cid"),
                         {{"person", {{"first_name", canaries->Next("first")}, {"last_name", canaries->Next("last")}}},
                          {"email", canaries->Next("email")},
                          {"phone", canaries->Next("phone")},
                          {"bank",
                           {{"name", canaries->Next("bank")},
                            {"ifsc", canaries->Keep("HDFC0CANARY")},
                            {"account", {{"id", canaries->Keep("99887766" + std::to_string(10000 + amount))}}}}},
                          {"upi", {{"vpa", canaries->Next("vpa") + "@bank"}}}});
    AddEverything(&payout, canaries);
    requests.push_back(payout);
    json card = Payout(14806, amount + 1000, "EUR", canaries->Next("cid"),
                       {{"card", {{"number", canaries->Keep(TestCardNumber())}}}});
    AddEverything(&card, canaries);
    requests.push_back(card);
  }
  // Refused for the very field that holds the canary.
  json wrong = Deposit(14702, 5000, canaries->Next("currency"), canaries->Next("cid"));
  requests.push_back(wrong);
  wrong["params"]["payment"]["webhook_url"] = "https://10.0.0.1/" + canaries->Next("url");
  requests.push_back(wrong);
  wrong["params"]["payment"]["webhook_events"] = {canaries->Next("event")};
  requests.push_back(wrong);
  requests.push_back(
      Payout(14801, 5000, "MXN", canaries->Next("cid"), {{"bank", {{"account", {{"id", canaries->Next("clabe")}}}}}}));
  requests.push_back(Payout(14806, 5000, "EUR", canaries->Next("cid"),
                            {{"card", {{"number", canaries->Keep(std::string("42") + std::string(14, '7'))}}}}));
  requests.push_back(json{{"method", canaries->Next("method")}});
  requests.push_back(json{{"method", "payment.in"}, {"service_id", canaries->Next("service")}});
  requests.push_back(json{{"method", "gateway.ping"}, {"params", {{"note", canaries->Next("note")}}}});
  requests.push_back(json{{"method", "balance.get"}, {"params", {{"note", canaries->Next("note")}}}});
  for (const auto& method : {StatusOf, NotificationOf}) {
    requests.push_back(method({{"c_id", canaries->Next("cid")}}));
    requests.push_back(method({{"h_id", canaries->Next("hid")}}));
  }
  return requests;
}

TEST_CASE("gateway: nothing of a request, no secret and no hash is logged, whatever the level") {
  auto env = FastSandbox();
  env["MULTIHUB_LOG_LEVEL"] = "debug";
  Sandbox sandbox(EachEngine(), env);
  sandbox.Cli({"balance", "topup", "1", "EUR", "100000", "--reference", "eur", "--reason", "test"});
  SignedClient client = sandbox.Client();
  Canaries canaries;
  std::vector<std::string> ids;
  for (const json& request : Requests(&canaries)) {
    const std::string body = request.dump();
    canaries.Keep(support::Sign(body, client.secret()));
    const Answer answer = client.Call(std::string_view(body));
    CHECK(answer.signature_ok);
    const std::string* hash = answer.http.Header("X-Data-Hash");
    if (hash != nullptr) canaries.Keep(*hash);
    if (answer.success() && answer.json["result"].contains("payment")) ids.push_back(IdOf(PaymentIn(answer)));
  }
  CHECK(ids.size() >= 12);
  for (const std::string& text : {"{\"method\":\"" + canaries.Next("cut"), "[\"" + canaries.Next("array") + "\"]",
                                  "{\"" + canaries.Next("key") + "\":1,\"" + canaries.all().back() + "\":2}"}) {
    CheckAnswer(client.Call(std::string_view(text)), 1005);
  }
  CheckUnsigned(client.CallWith(kPing, {{"X-Data-Hash", canaries.Keep(support::Sign("x", "wrong secret"))}}), 3000);
  CheckUnsigned(client.CallWith(kPing, {{"X-Data-Application-Id", canaries.Next("application")}}), 3001);
  CheckUnsigned(client.CallRaw("POST", "/" + canaries.Next("path"), client.Headers(kPing), kPing), 1001);
  CheckAnswer(Resend(&client, canaries.Next("resend")), 6010);
  for (const std::string& h_id : ids) {
    if (PaymentIn(client.Call(StatusOf(ById(h_id))))["amount"]["value"].get<int>() % 100 != 9) {
      AwaitFinal(&client, h_id);
    }
  }
  CHECK(sandbox.gateway().Terminate() == 0);

  const std::string log = sandbox.gateway().log();
  CHECK(Contains(log, "\"request_id\""));
  CHECK_FALSE(Contains(log, "sandbox-secret-"));
  CHECK_FALSE(Contains(log, "canary"));
  CHECK_FALSE(Contains(log, support::kTestMasterKey));
  for (const std::string& canary : canaries.all()) {
    INFO(canary);
    CHECK_FALSE(Contains(log, canary));
    CHECK_FALSE(Contains(sandbox.gateway().notices(), canary));
  }
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) CHECK(json::parse(line, nullptr, false).is_object());
}

}  // namespace
}  // namespace multihub::functional
