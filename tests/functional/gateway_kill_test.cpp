// The gateway killed in the middle of its work.
#include <iostream>
#include <random>

#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

constexpr int kKills = 3;
constexpr int kCallers = 4;

std::string DatabaseName(TestEngine engine) { return engine == TestEngine::kSqlite ? "SQLite" : "MariaDB"; }

// Deposits and payouts of every outcome that ends by itself.
json RandomPayment(std::mt19937_64* random, const std::string& c_id) {
  static constexpr std::int64_t kDigits[] = {0, 1, 2, 3, 7, 8, 10, 11, 50, 99};
  const std::int64_t value = 1000 + static_cast<std::int64_t>((*random)() % 50) * 100 + kDigits[(*random)() % 10];
  if ((*random)() % 2 == 0) return MxnPayout(value, c_id);
  return Deposit(14703, value, "MXN", c_id);
}

// One caller until the gateway is gone: what it was told, and what it should not have been.
void CallUntilGone(const Sandbox& sandbox, const std::string& prefix, std::uint64_t seed, const std::atomic<bool>& stop,
                   Acknowledged* acknowledged) {
  std::mt19937_64 random(seed);
  SignedClient client = sandbox.Client();
  for (int n = 0; !stop; ++n) {
    const std::string c_id = prefix + "-" + std::to_string(n);
    const Answer answer = client.Call(RandomPayment(&random, c_id));
    if (!answer.ok()) return;
    if (answer.success() && answer.signature_ok) {
      acknowledged->Add(c_id, answer.at("/result/payment/identifiers/h_id").get<std::string>());
    } else {
      acknowledged->AddTrouble(c_id + ": " + answer.raw);
    }
  }
}

// What is available in MXN must be the start balance and every success since.
void CheckMoney(const Sandbox& sandbox) {
  SignedClient client = sandbox.Client();
  const auto moved =
      std::stoll(sandbox
                     .Sql("SELECT COALESCE(SUM(CASE direction WHEN 'in' THEN amount - fee ELSE -amount - fee END), 0) "
                          "FROM payments WHERE currency = 'MXN' AND application_id = 1 AND status = 'success'")
                     .at(0)
                     .at(0));
  const json balance = BalanceOf(&client, "MXN");
  CHECK(balance["value"] == 50000000 + moved);
  CHECK(balance["value_freezing"] == 0);
}

TEST_CASE("gateway: killed at random moments under load it loses nothing it acknowledged and finishes what it began") {
  const TestEngine engine = EachEngine();
  const int kills = kKills * SoakScale();
  const std::uint64_t seed = SoakSeed();
  std::cout << "kill -9, " << DatabaseName(engine) << ", " << kills << " times: MULTIHUB_SOAK_SEED=" << seed
            << std::endl;
  std::mt19937_64 random(seed);
  Sandbox sandbox(engine);
  Acknowledged acknowledged;
  for (int kill = 0; kill < kills; ++kill) {
    INFO("kill " << kill);
    const std::size_t before = acknowledged.payments().size();
    {
      Callers callers;
      for (int caller = 0; caller < kCallers; ++caller) {
        const std::string prefix = "k" + std::to_string(kill) + "-" + std::to_string(caller);
        callers.Start([&sandbox, &acknowledged, prefix, seed = random()](const std::atomic<bool>& stop) {
          CallUntilGone(sandbox, prefix, seed, stop, &acknowledged);
        });
      }
      // The moment: so many acknowledged payments, and a little.
      const std::size_t enough = before + random() % 60 + 1;
      CHECK(Eventually([&] { return acknowledged.payments().size() >= enough; }));
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
      sandbox.gateway().Kill9();
    }
    sandbox.gateway().Restart();
    INFO(acknowledged.troubles());
    CHECK(acknowledged.troubles().empty());
    CheckNothingLost(sandbox, acknowledged.payments());
    std::string why;
    const bool sound = sandbox.LedgerIsSound(&why);
    INFO(why);
    REQUIRE(sound);
  }
  CheckAllBecomeFinal(sandbox);
  CheckNothingLost(sandbox, acknowledged.payments());
  CheckMoney(sandbox);
  std::cout << "  " << acknowledged.payments().size() << " acknowledged, " << sandbox.Count("payments") << " stored"
            << std::endl;
}

TEST_CASE("gateway: killed before it was acknowledged, a payment repeated is one payment") {
  Sandbox sandbox(EachEngine());
  for (int round = 0; round < 2 * SoakScale(); ++round) {
    const json request = Deposit(14702, 5000, "INR", "repeat-" + std::to_string(round));
    std::vector<SignedClient> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(sandbox.Client());
    {
      std::vector<std::thread> threads;
      for (SignedClient& client : clients) threads.emplace_back([&] { client.Call(request); });
      sandbox.gateway().Kill9();
      for (std::thread& thread : threads) thread.join();
    }
    sandbox.gateway().Restart();
    SignedClient client = sandbox.Client();
    const Answer first = client.Call(request);
    INFO(first.raw);
    CHECK((first.success() || first.code() == 6009));
    const Answer second = client.Call(request);
    CheckAnswer(second, 6009);
    const json id =
        first.success() ? first.at("/result/payment/identifiers/h_id") : first.at("/error/context/identifiers/h_id");
    CHECK(second.at("/error/context/identifiers/h_id") == id);
    AwaitFinal(&client, id.get<std::string>());
  }
  CheckAllBecomeFinal(sandbox);
}

}  // namespace
}  // namespace multihub::functional
