#include "failures/steady_load_fixture.h"

#include "support/metrics_page.h"

namespace multihub::failures {

using functional::Deposit;
using functional::Eventually;
using functional::Sandbox;
using support::Answer;
using support::SignedClient;

namespace {

bool Grows(const std::atomic<std::size_t>& count, std::size_t more) {
  const std::size_t enough = count + more;
  return Eventually([&] { return count >= enough; });
}

std::string Readiness(Sandbox* sandbox) { return support::AskOps(sandbox->gateway().ops_port(), "/readyz"); }

}  // namespace

SteadyLoad::SteadyLoad(const Sandbox& sandbox, int callers) : sandbox_(sandbox) {
  for (int caller = 0; caller < callers; ++caller) {
    const std::string prefix = "steady" + std::to_string(caller);
    callers_.Start([this, prefix](const std::atomic<bool>& stop) { Pay(prefix, stop); });
  }
}

SteadyLoad::~SteadyLoad() { callers_.Stop(); }

void SteadyLoad::Pay(const std::string& prefix, const std::atomic<bool>& stop) {
  SignedClient client = sandbox_.Client();
  client.set_timeout(functional::kPatience);
  for (int n = 0; !stop; ++n) {
    const std::string c_id = prefix + "-" + std::to_string(n);
    const Answer answer =
        client.Call(n % 2 == 0 ? Deposit(14703, 5000 + n % 100 * 100, "MXN", c_id) : functional::MxnPayout(2000, c_id));
    if (answer.success() && answer.signature_ok) {
      acknowledged_.Add(c_id, answer.at("/result/payment/identifiers/h_id").get<std::string>());
      ++paid_;
    } else if (answer.code() == 2000 && answer.signature_ok) {
      ++refused_;
    } else {
      acknowledged_.AddTrouble(c_id + ": " + answer.transport_error + answer.raw);
      if (!answer.ok()) return;
    }
  }
}

bool SteadyLoad::Pays(std::size_t more) { return Grows(paid_, more); }

bool SteadyLoad::IsRefused(std::size_t more) { return Grows(refused_, more); }

void SteadyLoad::EndAndCheck() {
  callers_.Stop();
  INFO(acknowledged_.troubles());
  CHECK(acknowledged_.troubles().empty());
  CheckNothingLost(sandbox_, acknowledged_.payments());
  CheckAllBecomeFinal(sandbox_);
}

std::string TakenDeposit(SignedClient* client, const std::string& c_id) {
  return functional::IdOf(functional::PaymentIn(client->Call(Deposit(14702, 5000, "INR", c_id))));
}

bool BecomesReady(Sandbox* sandbox) {
  return Eventually([&] { return Readiness(sandbox) == "200 {\"status\":\"ready\"}"; });
}

bool BecomesNotReady(Sandbox* sandbox, const std::string& words) {
  return Eventually([&] {
    const std::string said = Readiness(sandbox);
    return said.substr(0, 3) == "503" && functional::Contains(said, words);
  });
}

double Alerts(Sandbox* sandbox, const std::string& kind) {
  const auto page = support::ScrapeMetrics(sandbox->gateway().ops_port());
  return page.Of("multihub_alerts_total{kind=\"" + kind + "\"}");
}

}  // namespace multihub::failures
