// Rate limits, as merchants and strangers meet them.
#include <algorithm>
#include <set>
#include <sstream>

#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::MariadbServer;
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

// A call from behind a proxy, which is this test: refused for its signature.
Answer RefusedFor(SignedClient* proxy, const std::string& field, const std::string& value) {
  return proxy->CallWith(kPing, {{"X-Data-Hash", support::Sign(kPing, "a wrong secret")}, {field, value}});
}

std::set<std::string> AddressesIn(const std::string& log) {
  std::set<std::string> addresses;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line);
    if (entry["event"] == "call_refused") addresses.insert(entry["address"].get<std::string>());
  }
  return addresses;
}

TEST_CASE("gateway: behind a trusted proxy each client has a bucket, a line in the log and an allow-list of its own") {
  Sandbox sandbox(TestEngine::kSqlite, Limited({{"MULTIHUB_LIMITS_UNAUTHENTICATED_PER_MINUTE_SANDBOX", "3"},
                                                {"MULTIHUB_HTTP_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"}}));
  SignedClient proxy = sandbox.Client();
  const auto exhaust = [&](const std::string& field, const std::string& value) {
    for (int n = 0; n < 1000; ++n) {
      if (RefusedFor(&proxy, field, value).code() == 1000) return;
    }
    FAIL("never shed: " << value);
  };
  exhaust("X-Forwarded-For", "203.0.113.9");
  // The same client over one more hop, with whatever it says of itself; and with the other field.
  CheckUnsigned(RefusedFor(&proxy, "X-Forwarded-For", "198.51.100.7, 203.0.113.9, 10.0.0.1"), 1000);
  CheckUnsigned(RefusedFor(&proxy, "Forwarded", "for=198.51.100.7, for=\"203.0.113.9:4711\";proto=https"), 1000);
  CheckUnsigned(RefusedFor(&proxy, "X-Forwarded-For", "198.51.100.7"), 3000);
  exhaust("Forwarded", "for=\"[2001:db8:0:1::9]\"");
  CheckUnsigned(RefusedFor(&proxy, "Forwarded", "for=\"[2001:db8:0:1:ffff::]\""), 1000);  // the same /64
  CheckUnsigned(RefusedFor(&proxy, "Forwarded", "for=\"[2001:db8:0:2::9]\""), 3000);
  // What cannot be read is the proxy's own.
  CheckUnsigned(RefusedFor(&proxy, "Forwarded", "for=unknown"), 3000);
  // A signature that verifies is never asked where it comes from, but for an allow-list.
  CheckAnswer(proxy.CallWith(kPing, {{"X-Forwarded-For", "203.0.113.9"}}), 0);
  sandbox.Cli({"app", "allow-ip", "1", "198.51.100.0/24"});
  CHECK(Eventually([&] { return proxy.CallWith(kPing, {{"X-Forwarded-For", "203.0.113.9"}}).code() != 0; }));
  CheckAnswer(proxy.CallWith(kPing, {{"X-Forwarded-For", "203.0.113.9, 198.51.100.7"}}), 0);
  CheckUnsigned(proxy.CallWith(kPing, {{"X-Forwarded-For", "198.51.100.7, 192.0.2.4"}}), 3005);
  CheckUnsigned(proxy.CallWith(kPing, {{"X-Forwarded-For", "198.51.100.7, unknown"}}), 3005);

  CHECK(sandbox.gateway().Terminate() == 0);
  const std::set<std::string> addresses = AddressesIn(sandbox.gateway().log());
  const std::set<std::string> expected = {"203.0.113.9",     "198.51.100.7", "2001:db8:0:1::9",
                                          "2001:db8:0:2::9", "127.0.0.1",    "192.0.2.4"};
  CHECK(addresses == expected);
}

TEST_CASE("gateway: nobody is believed who is no trusted proxy") {
  Sandbox sandbox(TestEngine::kSqlite, Limited({{"MULTIHUB_LIMITS_UNAUTHENTICATED_PER_MINUTE_SANDBOX", "3"},
                                                {"MULTIHUB_HTTP_TRUSTED_PROXIES", "192.0.2.1"}}));
  SignedClient client = sandbox.Client();
  Answer answer;
  int calls = 0;
  // Another address with every call, and one bucket for all.
  while (calls < 200 && answer.code() != 1000) {
    answer = RefusedFor(&client, "X-Forwarded-For", "203.0.113." + std::to_string(calls++));
  }
  CheckUnsigned(answer, 1000);
  CHECK(sandbox.gateway().Terminate() == 0);
  CHECK(AddressesIn(sandbox.gateway().log()) == std::set<std::string>{"127.0.0.1"});
}

// Calls on connections of their own, all on their way at once.
class Crowd {
 public:
  Crowd(const Sandbox& sandbox, int size) : answers_(static_cast<std::size_t>(size)) {
    for (int n = 0; n < size; ++n) {
      threads_.emplace_back([this, n, client = sandbox.Client()]() mutable {
        client.set_timeout(kPatience);
        const Answer answer = client.Call(Deposit(14702, 5000, "INR", IdOfCall(n)));
        const std::lock_guard<std::mutex> lock(mutex_);
        answers_[static_cast<std::size_t>(n)] = answer;
      });
    }
  }
  ~Crowd() { Join(); }
  static std::string IdOfCall(int n) { return "crowd-" + std::to_string(n); }
  std::vector<Answer> Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return answers_;
  }
  int Refused() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<int>(std::count_if(answers_.begin(), answers_.end(),
                                          [](const Answer& answer) { return answer.http_status == 429; }));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Answer> answers_;
  std::vector<std::thread> threads_;
};

TEST_CASE("gateway: a full lane refuses at once, by a signed word, what it cannot take, and pings are still answered") {
  constexpr int kQueue = 4, kCalls = 16;
  MariadbServer server;
  auto env = FastSandbox();
  env["MULTIHUB_LANES_COUNT"] = "1";
  env["MULTIHUB_LANES_MAX_BATCH"] = "1";
  env["MULTIHUB_LANES_QUEUE"] = std::to_string(kQueue);
  Sandbox sandbox(&server, env);
  SignedClient client = sandbox.Client();
  PaymentIn(client.Call(Deposit(14702, 5000, "INR", "before")));
  server.Freeze();
  Crowd crowd(sandbox, kCalls);
  // One that the lane works at, and those that wait behind it.
  const bool refused = Eventually([&] { return crowd.Refused() >= kCalls - kQueue - 1; });
  const Answer ping = client.Call(std::string_view(kPing));
  server.Thaw();
  CHECK(refused);
  CheckAnswer(ping, 0);
  int busy = 0;
  const std::vector<Answer> answers = crowd.Join();
  for (int n = 0; n < kCalls; ++n) {
    const Answer& answer = answers[static_cast<std::size_t>(n)];
    const Answer found = client.Call(StatusOf({{"c_id", Crowd::IdOfCall(n)}}));
    if (answer.code() == 2000) continue;  // this machine kept the call waiting for too long
    if (answer.http_status != 429) {
      CheckAnswer(answer, 0);
      CheckAnswer(found, 0);
      continue;
    }
    ++busy;
    CheckAnswer(answer, 1000);
    CHECK(answer.at("/error/details") == json{{"description", "Server is busy"}});
    CHECK(Header(answer, "Retry-After") >= 1);
    // A refusal is none but that: nothing was stored, and the same call is good later.
    CheckAnswer(found, 6010);
    CheckAnswer(client.Call(Deposit(14702, 5000, "INR", Crowd::IdOfCall(n))), 0);
  }
  CHECK(busy >= kCalls - kQueue - 1);
  CHECK(busy <= kCalls - kQueue);
}

}  // namespace
}  // namespace multihub::functional
