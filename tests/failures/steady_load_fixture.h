// Merchants who pay all the while something fails, and what they were told.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "support/gateway_fixture.h"

namespace multihub::failures {

// Deposits and payouts, one after the other, by a few callers. An answer is a success or 2000; anything else, and no
// answer at all, is trouble.
class SteadyLoad {
 public:
  explicit SteadyLoad(const functional::Sandbox& sandbox, int callers = 2);
  ~SteadyLoad();

  // Waits until so many more were acknowledged, or answered 2000. False when that does not come about.
  bool Pays(std::size_t more = 10);
  bool IsRefused(std::size_t more = 3);
  // Ends the callers, and checks that they had no trouble, that nothing they were told of is lost, and that all of it
  // becomes final with a sound ledger.
  void EndAndCheck();

 private:
  void Pay(const std::string& prefix, const std::atomic<bool>& stop);

  const functional::Sandbox& sandbox_;
  functional::Acknowledged acknowledged_;
  std::atomic<std::size_t> paid_{0}, refused_{0};
  functional::Callers callers_;
};

// One more deposit, which must be taken.
std::string TakenDeposit(support::SignedClient* client, const std::string& c_id);

// Waits for /readyz to answer 200, or 503 with these words.
bool BecomesReady(functional::Sandbox* sandbox);
bool BecomesNotReady(functional::Sandbox* sandbox, const std::string& words);
// How often this alert was raised.
double Alerts(functional::Sandbox* sandbox, const std::string& kind);

}  // namespace multihub::failures
