// What belongs to another application does not exist.
#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

const std::string kNobodys = "pay_00000000000000000000000000";

TEST_CASE("gateway: every method answers another application's ids as unknown ones, byte for byte") {
  Sandbox sandbox(EachEngine());
  SignedClient owner = sandbox.Client(1);
  json request = Deposit(14702, 5000, "INR", "mine");
  request["params"]["payment"]["webhook_url"] = "https://merchant.example.test/hook";
  const std::string final_id = IdOf(PaymentIn(owner.Call(request)));
  const std::string open_id = IdOf(PaymentIn(owner.Call(Deposit(14702, 5004, "INR", 77))));
  const std::string payout_id = IdOf(PaymentIn(owner.Call(MxnPayout(5000, "payout"))));
  AwaitFinal(&owner, final_id);
  AwaitFinal(&owner, payout_id);

  for (const std::int64_t application : {2, 5}) {
    SignedClient stranger = sandbox.Client(application);
    const std::string own_id = IdOf(PaymentIn(stranger.Call(Deposit(14702, 5000, "INR", "own"))));
    for (const auto& method : {StatusOf, NotificationOf}) {
      const std::string unknown = Comparable(stranger.Call(method(ById(kNobodys))));
      CHECK(Contains(unknown, "6010"));
      for (const json& identifiers :
           {ById(final_id), ById(open_id), ById(payout_id), json{{"c_id", "mine"}}, json{{"c_id", "77"}},
            json{{"c_id", "mine"}, {"h_id", final_id}}, json{{"c_id", "own"}, {"h_id", final_id}},
            json{{"c_id", "mine"}, {"h_id", own_id}}}) {
        INFO(identifiers.dump());
        const Answer answer = stranger.Call(method(identifiers));
        CHECK(answer.signature_ok);
        CHECK(Comparable(answer) == unknown);
        json filtered = method(identifiers);
        filtered["service_id"] = 14702;
        CHECK(Comparable(stranger.Call(filtered)) == unknown);
      }
    }
    const std::string unknown = Comparable(Resend(&stranger, kNobodys));
    for (const std::string& h_id : {final_id, open_id, payout_id}) {
      CHECK(Comparable(Resend(&stranger, h_id)) == unknown);
    }
  }
}

TEST_CASE("gateway: a c_id belongs to its application alone") {
  Sandbox sandbox(EachEngine());
  SignedClient first = sandbox.Client(1);
  SignedClient second = sandbox.Client(2);
  const json mine = PaymentIn(first.Call(Deposit(14702, 5000, "INR", "same")));
  const json theirs = PaymentIn(second.Call(Deposit(14702, 5001, "INR", "same")));
  CHECK(IdOf(mine) != IdOf(theirs));
  const Answer again = second.Call(Deposit(14702, 5000, "INR", "same"));
  CheckAnswer(again, 6009);
  CHECK(again.at("/error/context/identifiers/h_id") == IdOf(theirs));
  CHECK(IdOf(PaymentIn(first.Call(StatusOf({{"c_id", "same"}})))) == IdOf(mine));
  CHECK(AwaitFinal(&first, IdOf(mine))["status"]["status"] == "success");
  CHECK(AwaitFinal(&second, IdOf(theirs))["status"]["status"] == "error");
}

TEST_CASE("gateway: another application's route answers as one that does not exist, its balance stays unseen") {
  Sandbox sandbox(EachEngine());
  SignedClient first = sandbox.Client(1);
  SignedClient second = sandbox.Client(2);
  const std::string unknown = Comparable(first.Call(Deposit(99999, 5000, "INR", "x")));
  CHECK(Comparable(first.Call(Deposit(14711, 5000, "INR", "x"))) == unknown);
  json wrong_method = MxnPayout(5000, "x");
  wrong_method["service_id"] = 14711;
  CHECK(Comparable(first.Call(wrong_method)) == unknown);
  PaymentIn(second.Call(Deposit(14711, 5000, "INR", "x")));

  json balance = {{"method", "balance.get"}, {"params", {{"id", 1}, {"application_id", 1}}}};
  const Answer answer = second.Call(balance);
  CheckAnswer(answer, 0);
  CHECK(answer.at("/result/balance/id") == 2);
  CHECK(BalanceOf(&second, "MXN").is_null());
  CHECK(BalanceOf(&second, "INR")["value"] == 1000000);
}

TEST_CASE("gateway: a secret is its application's only") {
  Sandbox sandbox(EachEngine());
  SignedClient mixed(sandbox.gateway().port(), 2, support::SandboxSecret(1));
  CheckUnsigned(mixed.Call(std::string_view(kPing)), 3000);
}

}  // namespace
}  // namespace multihub::functional
