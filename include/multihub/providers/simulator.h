// The simulator: the provider of test applications. A pure function of h_id, amount, time accepted and now; it keeps
// nothing else, so every process gives the same answer, also after a kill. Outcomes by the last two digits of the
// amount: docs/testing.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "multihub/base/clock.h"
#include "multihub/base/secret_string.h"
#include "multihub/providers/provider.h"

namespace multihub::providers {

struct SimulatorOptions {
  std::int64_t delay_ms = 2000;  // from acceptance to the final word
};

class Simulator final : public Provider {
 public:
  // `callback_key` signs and verifies its messages.
  Simulator(SimulatorOptions options, base::SecretString callback_key, const base::Clock& clock);
  ~Simulator() override;

  const std::string& name() const override;
  bool for_test() const override { return true; }
  errors::Outcome<Prepared> Prepare(const domain::Route& route, const domain::Payment& payment) override;
  Report Start(const domain::Payment& payment, std::int64_t timeout_ms) override;
  Report State(const domain::Payment& payment, std::int64_t timeout_ms) override;
  base::Result<Callback, std::string> ReadCallback(const CallbackRequest& request) override;

  // Delivers the messages that fall due, on a thread of its own, until StopCallbacks; best effort like a real
  // provider's: what is lost is found by asking.
  void StartCallbacks(std::function<void(const CallbackRequest&)> deliver);
  void StopCallbacks();
  // The messages of `payment` whose time has come in (after_ms, until_ms], in order (what the thread would deliver).
  std::vector<CallbackRequest> CallbacksBetween(const domain::Payment& payment, base::UnixMs after_ms,
                                                base::UnixMs until_ms) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::providers
