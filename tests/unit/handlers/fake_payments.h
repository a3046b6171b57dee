// Payments that remember what they were asked and answer what the test says.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "multihub/payments/payments.h"

namespace multihub::testing {

class FakePayments final : public payments::Payments {
 public:
  void Accept(payments::AcceptPayment command, payments::PaymentDone done) override {
    accepted.push_back(command);
    if (refusal) return done(base::Fail(*refusal));
    domain::Payment answer = payment;
    answer.application_id = command.application_id;
    answer.direction = command.direction;
    answer.c_id = command.c_id;
    answer.receiver = std::move(command.receiver);
    done(std::move(answer));
  }
  void Find(payments::PaymentLookup lookup, payments::PaymentDone done) override { Answer(lookup, &found, done); }
  void Notify(payments::PaymentLookup lookup, payments::PaymentDone done) override { Answer(lookup, &notified, done); }
  void Balance(domain::ApplicationId application, std::int64_t received_us, payments::BalanceDone done) override {
    balances.emplace_back(application, received_us);
    if (refusal) return done(base::Fail(*refusal));
    done(balance);
  }

  std::optional<errors::Refusal> refusal;  // the answer to everything, when set
  domain::Payment payment;
  payments::BalanceView balance;
  std::vector<payments::AcceptPayment> accepted;
  std::vector<payments::PaymentLookup> found;
  std::vector<payments::PaymentLookup> notified;
  std::vector<std::pair<domain::ApplicationId, std::int64_t>> balances;

 private:
  void Answer(const payments::PaymentLookup& lookup, std::vector<payments::PaymentLookup>* seen,
              const payments::PaymentDone& done) const {
    seen->push_back(lookup);
    if (refusal) return done(base::Fail(*refusal));
    done(payment);
  }
};

}  // namespace multihub::testing
