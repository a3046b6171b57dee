// Rate limits, as merchants and strangers meet them.
#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

std::map<std::string, std::string> Limited(std::map<std::string, std::string> env = {}) {
  env["MULTIHUB_SIMULATOR_DELAY_MS"] = "200";
  return env;
}

std::int64_t Header(const Answer& answer, const std::string& name) {
  INFO(name);
  const std::string* value = answer.http.Header(name);
  REQUIRE(value != nullptr);
  CHECK(value->find_first_not_of("0123456789") == std::string::npos);
  return std::stoll(*value);
}

// Calls until the limit answers; how many were admitted before.
int AdmittedBefore(const std::function<Answer()>& call, Answer* refused) {
  for (int admitted = 0; admitted < 1000; ++admitted) {
    *refused = call();
    if (refused->http_status == 429) return admitted;
    CHECK(refused->code() == 6010);
  }
  FAIL("never refused");
  return 0;
}

void CheckRefused(const Answer& answer) {
  CheckAnswer(answer, 1000);
  CHECK(answer.at("/error/details") == json{{"description", "Rate limit exceeded"}});
  CHECK(Header(answer, "Retry-After") >= 1);
  CHECK(Header(answer, "RateLimit-Limit") == 10);
  CHECK(Header(answer, "RateLimit-Remaining") == 0);
  CHECK(Header(answer, "RateLimit-Reset") >= 1);
}

TEST_CASE("gateway: ten notifications a minute, the REST twin among them, and nobody else is kept from calling") {
  Sandbox sandbox(EachEngine(), Limited());
  SignedClient client = sandbox.Client();
  const std::string nobody = "pay_00000000000000000000000000";
  const Answer first = client.Call(NotificationOf(ById(nobody)));
  CHECK(Header(first, "RateLimit-Limit") == 10);
  CHECK(Header(first, "RateLimit-Remaining") == 9);

  Answer refused;
  const auto begin = std::chrono::steady_clock::now();
  bool twin = false;
  const int admitted = AdmittedBefore(
      [&] {
        twin = !twin;
        return twin ? Resend(&client, nobody) : client.Call(NotificationOf(ById(nobody)));
      },
      &refused);
  // One more comes back every six seconds.
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
  CHECK(admitted >= 9);
  CHECK(admitted <= 9 + seconds / 6 + 2);
  CheckRefused(refused);

  const Answer status = client.Call(StatusOf(ById(nobody)));
  CheckAnswer(status, 6010);
  CHECK(Header(status, "RateLimit-Limit") == 6000);
  const Answer deposit = client.Call(Deposit(14702, 5000, "INR", "limited"));
  CheckAnswer(deposit, 0);
  CHECK(Header(deposit, "RateLimit-Limit") == 5000);
  const Answer ping = client.Call(std::string_view(kPing));
  CheckAnswer(ping, 0);
  CHECK(ping.http.Header("RateLimit-Limit") == nullptr);
  SignedClient other = sandbox.Client(2);
  CheckAnswer(other.Call(NotificationOf(ById(nobody))), 6010);
}

TEST_CASE("gateway: whoever does not authenticate is shed by his address, and never the one who does") {
  Sandbox sandbox(TestEngine::kSqlite, Limited({{"MULTIHUB_LIMITS_UNAUTHENTICATED_PER_MINUTE_SANDBOX", "5"}}));
  SignedClient client = sandbox.Client();
  const std::string wrong = support::Sign(kPing, "a wrong secret");
  const std::vector<std::pair<std::string, std::string>> refusals[] = {
      {{"X-Data-Hash", wrong}}, {{"X-Data-Hash", ""}}, {{"X-Data-Application-Id", "77"}}};
  int refused = 0;
  Answer answer;
  for (int n = 0; n < 1000; ++n, ++refused) {
    answer = client.CallWith(kPing, refusals[n % 3]);
    CHECK_FALSE(answer.has_signature);
    CheckAnswer(client.Call(std::string_view(kPing)), 0);
    if (answer.http_status == 429) break;
  }
  CHECK(refused >= 5);
  CHECK(refused < 1000);
  CheckUnsigned(answer, 1000);
  CHECK(Header(answer, "Retry-After") >= 1);
}

}  // namespace
}  // namespace multihub::functional
