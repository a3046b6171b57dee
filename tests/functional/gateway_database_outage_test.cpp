// The database gone for a while, under load: stopped, killed, frozen.
#include <iostream>

#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::MariadbServer;
using support::SignedClient;
using Clock = std::chrono::steady_clock;

constexpr int kCallers = 3;
// Ten times what the contract allows: against hangs.
constexpr std::chrono::seconds kAnswerWithin{110};

struct Load {
  Acknowledged acknowledged;
  std::atomic<int> refused{0};  // with 2000
  std::atomic<int> pings{0};
  std::atomic<std::int64_t> slowest_ms{0};
  std::atomic<bool> outage{false};
  std::atomic<int> pings_in_outage{0};
};

// False when there was no answer: the gateway is gone, and nothing more is to be asked.
bool Note(Load* load, Clock::time_point sent, const std::string& what, const Answer& answer) {
  const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - sent).count();
  for (std::int64_t known = load->slowest_ms; took > known;) {
    if (load->slowest_ms.compare_exchange_weak(known, took)) break;
  }
  if (!answer.ok() || !answer.signature_ok) {
    load->acknowledged.AddTrouble(what + ": " + answer.transport_error + answer.raw);
  }
  return answer.ok();
}

void Pay(const Sandbox& sandbox, const std::string& prefix, const std::atomic<bool>& stop, Load* load) {
  SignedClient client = sandbox.Client();
  client.set_timeout(kAnswerWithin);
  for (int n = 0; !stop; ++n) {
    const std::string c_id = prefix + "-" + std::to_string(n);
    const auto sent = Clock::now();
    const Answer answer =
        client.Call(n % 2 == 0 ? Deposit(14703, 5000 + n % 100 * 100, "MXN", c_id) : MxnPayout(2000, c_id));
    if (!Note(load, sent, c_id, answer)) return;
    if (answer.success()) {
      load->acknowledged.Add(c_id, answer.at("/result/payment/identifiers/h_id").get<std::string>());
    } else if (answer.code() == 2000) {
      ++load->refused;
    } else {
      load->acknowledged.AddTrouble(c_id + ": " + answer.raw);
    }
  }
}

void Ask(const Sandbox& sandbox, const std::atomic<bool>& stop, Load* load) {
  SignedClient client = sandbox.Client();
  client.set_timeout(kAnswerWithin);
  const std::vector<json> questions = {json{{"method", "balance.get"}}, StatusOf({{"c_id", "nobody's"}})};
  for (std::size_t n = 0; !stop; ++n) {
    const auto sent = Clock::now();
    const Answer answer = client.Call(questions[n % questions.size()]);
    if (!Note(load, sent, "a question", answer)) return;
    const int code = answer.code();
    if (!answer.success() && code != 2000 && code != 6010) load->acknowledged.AddTrouble(answer.raw);
  }
}

void Ping(const Sandbox& sandbox, const std::atomic<bool>& stop, Load* load) {
  SignedClient client = sandbox.Client();
  client.set_timeout(kAnswerWithin);
  while (!stop) {
    const bool outage = load->outage;
    const Answer answer = client.Call(std::string_view(kPing));
    if (!answer.success()) load->acknowledged.AddTrouble("ping: " + answer.transport_error + answer.raw);
    ++load->pings;
    if (outage) ++load->pings_in_outage;
    std::this_thread::sleep_for(Milliseconds(5));
  }
}

struct Outage {
  std::string name;
  void (*begin)(MariadbServer* server);
  void (*end)(MariadbServer* server);
  bool refuses;  // so long that calls are answered 2000
};

const Outage kStopped = {"stopped", [](MariadbServer* server) { server->Stop(); },
                         [](MariadbServer* server) { server->Start(); }, true};
const Outage kKilled = {"killed", [](MariadbServer* server) { server->Kill9(); },
                        [](MariadbServer* server) { server->Start(); }, true};
const Outage kFrozen = {"frozen", [](MariadbServer* server) { server->Freeze(); },
                        [](MariadbServer* server) { server->Thaw(); }, false};

// A frozen server must thaw, or nothing that waits for it ends.
class ThawAtEnd {
 public:
  explicit ThawAtEnd(MariadbServer* server) : server_(server) {}
  ~ThawAtEnd() {
    if (server_->running()) server_->Thaw();
  }

 private:
  MariadbServer* server_;
};

bool Grows(const std::function<std::size_t()>& count, std::size_t by) {
  const std::size_t before = count();
  return Eventually([&] { return count() >= before + by; });
}

void GoThrough(MariadbServer* server, const Outage& outage, Load* load) {
  INFO(outage.name);
  const auto paid = [&] { return load->acknowledged.payments().size(); };
  CHECK(Grows(paid, 10));
  outage.begin(server);
  load->outage = true;
  CHECK(Grows([&] { return static_cast<std::size_t>(load->pings_in_outage); }, 20));
  if (outage.refuses) {
    CHECK(Grows([&] { return static_cast<std::size_t>(load->refused); }, 1));
  } else {
    std::this_thread::sleep_for(std::chrono::seconds(SoakScale() == 1 ? 3 : 15));
  }
  load->outage = false;
  outage.end(server);
  // The same process serves again.
  CHECK(Grows(paid, 20));
}

TEST_CASE("gateway: without its database it answers 2000, keeps answering pings, and resumes by itself") {
  MariadbServer server;
  Sandbox sandbox(&server);
  Load load;
  {
    const ThawAtEnd thaw(&server);
    Callers callers;
    for (int caller = 0; caller < kCallers; ++caller) {
      const std::string prefix = "o" + std::to_string(caller);
      callers.Start([&, prefix](const std::atomic<bool>& stop) { Pay(sandbox, prefix, stop, &load); });
    }
    callers.Start([&](const std::atomic<bool>& stop) { Ask(sandbox, stop, &load); });
    callers.Start([&](const std::atomic<bool>& stop) { Ping(sandbox, stop, &load); });
    for (int round = 0; round < (SoakScale() + 3) / 4; ++round) {
      for (const Outage& outage : {kStopped, kKilled, kFrozen}) GoThrough(&server, outage, &load);
    }
  }
  INFO(load.acknowledged.troubles());
  INFO(sandbox.gateway().notices());
  CHECK(load.acknowledged.troubles().empty());
  REQUIRE(sandbox.gateway().running());
  CHECK(load.slowest_ms < Milliseconds(kAnswerWithin).count());
  CheckNothingLost(sandbox, load.acknowledged.payments());
  CheckAllBecomeFinal(sandbox);
  std::cout << "database outages: " << load.acknowledged.payments().size() << " acknowledged, " << load.refused
            << " answered 2000, " << load.pings << " pings, slowest answer " << load.slowest_ms << " ms" << std::endl;
}

TEST_CASE("gateway: a call that waits for a frozen database is answered in time, and pings are answered meanwhile") {
  MariadbServer server;
  Sandbox sandbox(&server);
  SignedClient client = sandbox.Client();
  client.set_timeout(kAnswerWithin);
  PaymentIn(client.Call(Deposit(14702, 5000, "INR", "before")));
  const ThawAtEnd thaw(&server);
  server.Freeze();
  Answer answer;
  std::thread waiting([&] { answer = client.Call(Deposit(14702, 5000, "INR", "during")); });
  SignedClient other = sandbox.Client();
  const Answer ping = other.Call(std::string_view(kPing));
  waiting.join();
  CheckAnswer(ping, 0);
  CheckAnswer(answer, 2000);
  server.Thaw();
  // 2000 leaves open what became of it; asking tells, and sending it again is safe.
  Answer again;
  CHECK(Eventually([&] {
    again = client.Call(Deposit(14702, 5000, "INR", "during"));
    return again.code() != 2000;
  }));
  CHECK((again.success() || again.code() == 6009));
  CheckAnswer(client.Call(StatusOf({{"c_id", "during"}})), 0);
  CheckAllBecomeFinal(sandbox);
}

}  // namespace
}  // namespace multihub::functional
