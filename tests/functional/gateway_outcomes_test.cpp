// What becomes of payments in the sandbox, and what it does to the balances, to the minor unit.
#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

struct Outcome {
  std::int64_t digits;
  std::string status;
};

const std::vector<Outcome> kFinalOutcomes = {{1, "error"},   {2, "declined"}, {3, "canceled"}, {7, "success"},
                                             {8, "success"}, {0, "success"},  {10, "success"}, {99, "success"}};

json StatusObject(const std::string& status) {
  const bool success = status == "success";
  const bool blamed = status == "error" || status == "declined";
  json object = {{"status", status}, {"final", IsFinal(status)}, {"success", nullptr}, {"error", nullptr}};
  if (IsFinal(status)) object["success"] = success;
  if (blamed) object["error"] = {{"code", 7000}, {"message", "Provider error"}};
  return object;
}

json Amounts(std::int64_t value, std::int64_t freezing) {
  return {{"value", value}, {"value_freezing", freezing}, {"value_blocking", 0}};
}

json AmountsNow(SignedClient* client, const std::string& currency) {
  json balance = BalanceOf(client, currency);
  balance.erase("currency");
  balance.erase("enabled");
  return balance;
}

// Waits for an alert in the log: the gateway's word that it has seen a message and changed nothing.
bool HasAlert(Sandbox* sandbox, const std::string& kind, const std::string& h_id) {
  std::istringstream lines(sandbox->gateway().log());
  for (std::string line; std::getline(lines, line);) {
    if (!Contains(line, h_id)) continue;
    const json entry = json::parse(line, nullptr, false);
    if (entry.is_object() && entry.value("alert", "") == kind && entry.value("level", "") == "error") return true;
  }
  return false;
}

TEST_CASE("gateway: deposits end as the last two digits say, and only successes are credited") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const std::int64_t before = BalanceOf(&client, "INR")["value"];
  std::int64_t credited = 0;
  std::map<std::string, std::string> expected;
  for (const Outcome& outcome : kFinalOutcomes) {
    const std::int64_t value = 30000 + outcome.digits;
    expected[IdOf(PaymentIn(client.Call(Deposit(14702, value, "INR", value))))] = outcome.status;
    if (outcome.status == "success") credited += value;
  }
  const std::string stays = IdOf(PaymentIn(client.Call(Deposit(14702, 40004, "INR", "stays"))));
  const std::string mismatch = IdOf(PaymentIn(client.Call(Deposit(14702, 40009, "INR", "mismatch"))));
  const std::string late = IdOf(PaymentIn(client.Call(Deposit(14702, 40006, "INR", "late"))));
  CheckAnswer(client.Call(Deposit(14702, 40005, "INR", "refused")), 2002);
  CheckAnswer(client.Call(StatusOf({{"c_id", "refused"}})), 6010);

  for (const auto& [h_id, status] : expected) {
    const json payment = AwaitFinal(&client, h_id);
    CHECK(payment["status"] == StatusObject(status));
    CHECK(payment["identifiers"].contains("p_id"));
    CHECK(payment["identifiers"].contains("utr") == (status == "success"));
    CHECK(sandbox.Count("events WHERE h_id = '" + h_id + "'") == payment["status_version"].get<int>());
  }
  AwaitStatus(&client, stays, "processing");
  AwaitStatus(&client, mismatch, "processing");
  CHECK(Eventually([&] { return HasAlert(&sandbox, "amount_mismatch", mismatch); }));
  CHECK(sandbox.Count("provider_messages WHERE h_id = '" + mismatch + "'") == 1);
  // The second and third word about ..08 have come when the contradicting one is kept.
  const std::string repeated = IdOf(PaymentIn(client.Call(StatusOf({{"c_id", 30008}}))));
  CHECK(Eventually([&] { return HasAlert(&sandbox, "late_message", repeated); }));
  CHECK(PaymentIn(client.Call(StatusOf(ById(repeated))))["status"] == StatusObject("success"));
  for (const std::string& open : {stays, mismatch, late}) {
    const json payment = PaymentIn(client.Call(StatusOf(ById(open))));
    CHECK(payment["status"] == StatusObject("processing"));
    CHECK(payment["timestamps"]["finished"].is_null());
  }
  CHECK(AmountsNow(&client, "INR") == Amounts(before + credited, 0));
  std::string why;
  const bool sound = sandbox.LedgerIsSound(&why);
  INFO(why);
  CHECK(sound);
}

TEST_CASE("gateway: payouts hold their money until they end, and give it back unless they succeed") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  constexpr std::int64_t kFee = 500;
  std::int64_t value = BalanceOf(&client, "MXN")["value"];
  std::int64_t paid = 0;
  std::map<std::string, std::string> expected;
  // This one keeps its hold for the whole test.
  const json stays = PaymentIn(client.Call(MxnPayout(20004, "stays")));
  CHECK(AmountsNow(&client, "MXN") == Amounts(value - 20004 - kFee, 20004 + kFee));
  value -= 20004 + kFee;
  for (const Outcome& outcome : kFinalOutcomes) {
    const std::int64_t amount = 30000 + outcome.digits;
    expected[IdOf(PaymentIn(client.Call(MxnPayout(amount, amount))))] = outcome.status;
    if (outcome.status == "success") paid += amount + kFee;
  }
  const std::string mismatch = IdOf(PaymentIn(client.Call(MxnPayout(40009, "mismatch"))));
  value -= 40009 + kFee;
  CheckAnswer(client.Call(MxnPayout(40005, "refused")), 2002);
  for (const auto& [h_id, status] : expected) {
    const json payment = AwaitFinal(&client, h_id);
    CHECK(payment["status"] == StatusObject(status));
    CHECK(payment["destination"] == "out");
  }
  CHECK(Eventually([&] { return HasAlert(&sandbox, "amount_mismatch", mismatch); }));
  CHECK(PaymentIn(client.Call(StatusOf(ById(mismatch))))["status"]["final"] == false);
  const std::string repeated = IdOf(PaymentIn(client.Call(StatusOf({{"c_id", 30008}}))));
  CHECK(Eventually([&] { return HasAlert(&sandbox, "late_message", repeated); }));
  CHECK(AmountsNow(&client, "MXN") == Amounts(value - paid, 20004 + 40009 + 2 * kFee));

  // The operator's word ends what the provider left open.
  sandbox.Cli({"payment", "settle", mismatch, "--status", "success", "--reason", "statement"});
  sandbox.Cli({"payment", "settle", IdOf(stays), "--status", "error", "--reason", "statement", "--force"});
  CHECK(AwaitFinal(&client, mismatch)["status"] == StatusObject("success"));
  CHECK(AwaitFinal(&client, IdOf(stays))["status"] == StatusObject("error"));
  CHECK(AmountsNow(&client, "MXN") == Amounts(value - paid + 20004 + kFee, 0));
  CheckAllBecomeFinal(sandbox);
}

TEST_CASE("gateway: a deposit's fee is rounded half up to the minor unit") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  struct Fee {
    std::int64_t amount, fee;
  };
  // 150 basis points.
  const std::vector<Fee> fees = {
      {10, 0},  {33, 0},  {34, 1},      {99, 1},      {100, 2},     {166, 2},      {167, 3},
      {233, 3}, {234, 4}, {10000, 150}, {10033, 150}, {10034, 151}, {84500, 1268}, {999999999999, 15000000000}};
  std::int64_t value = BalanceOf(&client, "MXN")["value"];
  for (const Fee& fee : fees) {
    INFO(fee.amount);
    const json payment = PaymentIn(client.Call(Deposit(14703, fee.amount, "MXN", fee.amount)));
    CHECK(AwaitFinal(&client, IdOf(payment))["status"]["status"] == "success");
    value += fee.amount - fee.fee;
    CHECK(AmountsNow(&client, "MXN") == Amounts(value, 0));
  }
  CheckAllBecomeFinal(sandbox);
}

TEST_CASE("gateway: a first deposit makes the balance it is credited to") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client(5);
  CHECK(BalanceOf(&client, "JPY").is_null());
  AwaitFinal(&client, IdOf(PaymentIn(client.Call(Deposit(14705, 700, "JPY", "first")))));
  CHECK(AmountsNow(&client, "JPY") == Amounts(700, 0));
}

std::int64_t DeliveriesOf(const Sandbox& sandbox, const std::string& h_id) {
  return sandbox.Count("webhook_deliveries WHERE h_id = '" + h_id + "'");
}

TEST_CASE("gateway: a notification is queued again once the payment is final and has an endpoint") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  json request = Deposit(14702, 5000, "INR", "hook");
  // Interested in nothing that happens to this payment: asking for the notification overrules it.
  request["params"]["payment"]["webhook_url"] = "https://merchant.example.test/hook?x=1";
  request["params"]["payment"]["webhook_events"] = {"payment.refunded"};
  const std::string hooked = IdOf(PaymentIn(client.Call(request)));
  const std::string bare = IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", "bare"))));
  request = Deposit(14702, 5004, "INR", "open");
  request["params"]["payment"]["webhook_url"] = "https://merchant.example.test/hook";
  const std::string open = IdOf(PaymentIn(client.Call(request)));
  AwaitFinal(&client, hooked);
  AwaitFinal(&client, bare);

  const auto notify = [&](const std::string& h_id) { return client.Call(NotificationOf(ById(h_id))); };
  const auto resend = [&](const std::string& h_id) { return Resend(&client, h_id); };
  std::int64_t deliveries = DeliveriesOf(sandbox, hooked);
  CHECK(deliveries == 0);
  for (const auto& ask : std::vector<std::function<Answer(const std::string&)>>{notify, resend}) {
    CheckAnswer(ask(open), 8000);
    CheckAnswer(ask(bare), 8001);
    CheckAnswer(ask("pay_00000000000000000000000000"), 6010);
    const Answer queued = ask(hooked);
    CheckAnswer(queued, 0);
    CHECK(queued.at("/result/message") == "queued");
    CHECK(queued.at("/result").size() == 2);
    CHECK(queued.at("/result/payment") == PaymentIn(client.Call(StatusOf(ById(hooked)))));
    CHECK(DeliveriesOf(sandbox, hooked) == ++deliveries);
  }
  CHECK(DeliveriesOf(sandbox, bare) == 0);
  const Rows versions =
      sandbox.Sql("SELECT DISTINCT status_version FROM webhook_deliveries WHERE h_id = '" + hooked + "'");
  CHECK(versions == sandbox.Sql("SELECT status_version FROM payments WHERE h_id = '" + hooked + "'"));
}

TEST_CASE("gateway: the resend address checks the signature of whatever body came, and nothing else of it") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  json request = Deposit(14702, 5000, "INR", "hook");
  request["params"]["payment"]["webhook_url"] = "https://merchant.example.test/hook";
  const std::string h_id = IdOf(PaymentIn(client.Call(request)));
  AwaitFinal(&client, h_id);
  const std::string path = "/api/v1/payments/" + h_id + "/webhook/resend";

  CheckAnswer(Resend(&client, h_id), 0);
  CheckAnswer(Resend(&client, h_id, "not json"), 0);
  auto headers = client.Headers("");
  std::erase_if(headers, [](const auto& header) { return header.first == "Content-Type"; });
  CheckAnswer(client.CallRaw("POST", path, headers, ""), 0);
  CheckAnswer(client.CallRaw("POST", path + "?x=y", headers, ""), 0);
  CheckUnsigned(client.CallRaw("POST", path, headers, "another body"), 3000);
  CheckUnsigned(client.CallRaw("GET", path, headers, ""), 1007);
  CheckUnsigned(client.CallRaw("POST", path, {}, ""), 3002);
  CheckUnsigned(client.CallRaw("POST", path + "/", headers, ""), 1001);
  CheckUnsigned(client.CallRaw("POST", "/api/v1/payments//webhook/resend", headers, ""), 1001);
  CheckUnsigned(client.CallRaw("POST", "/api/v1/payments/" + h_id, headers, ""), 1001);
  SignedClient other = sandbox.Client(2);
  CheckAnswer(Resend(&other, h_id), 6010);
}

TEST_CASE("gateway: a card number is shown masked and is nowhere once the payout is final") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  sandbox.Cli({"balance", "create", "1", "EUR"});
  sandbox.Cli({"balance", "topup", "1", "EUR", "100000", "--reference", "eur", "--reason", "test"});
  const std::string number = TestCardNumber();
  const std::string masked = number.substr(0, 6) + "******" + number.substr(12);
  std::vector<std::string> ids;
  for (const std::int64_t amount : {5000, 5001, 5007, 5004}) {
    const json payment = PaymentIn(client.Call(
        Payout(14806, amount, "EUR", amount, {{"card", {{"number", number}}}, {"person", {{"last_name", "Vega"}}}})));
    CHECK(payment["receiver"] == json{{"person", {{"last_name", "Vega"}}}, {"card", {{"number", masked}}}});
    ids.push_back(IdOf(payment));
  }
  // On a route that has no use for a card it is kept even less.
  json other = MxnPayout(5000, "spei");
  other["params"]["payment"]["receiver"]["card"] = {{"number", number}};
  const Answer on_spei = client.Call(other);
  CheckAnswer(on_spei, 0);
  CHECK_FALSE(Contains(on_spei.raw, number));
  const json again = client.Call(Payout(14806, 5000, "EUR", 5000, {{"card", {{"number", number}}}})).json;
  CHECK(again["error"]["code"] == 6009);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(AwaitFinal(&client, ids[i])["receiver"]["card"]["number"] == masked);
  }
  // Acknowledged by the provider is enough.
  AwaitStatus(&client, ids[3], "processing");
  CHECK(Eventually([&] { return sandbox.Count("payments WHERE COALESCE(sealed_card, '') <> ''") == 0; }));
  CHECK_FALSE(Contains(sandbox.Bytes(), number));
  CHECK_FALSE(Contains(sandbox.gateway().log(), number));
  CHECK_FALSE(Contains(sandbox.gateway().notices(), number));
  CHECK(AmountsNow(&client, "EUR") == Amounts(100000 - 5000 - 5007 - 5004, 5004));
}

}  // namespace
}  // namespace multihub::functional
