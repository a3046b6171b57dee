// What docs/webhooks.md asks of a receiver is enough: whatever order and repetition the network makes of the events,
// one that ignores a status_version it has passed ends with the truth.
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <random>

#include "multihub/base/random.h"
#include "multihub/domain/payment.h"
#include "payments/event_log.h"
#include "storage/engine_fixture.h"
#include "support/json.h"

using namespace multihub;
using domain::PaymentStatus;

namespace {

constexpr PaymentStatus kAll[] = {PaymentStatus::kCreated,       PaymentStatus::kProcessing, PaymentStatus::kSuccess,
                                  PaymentStatus::kError,         PaymentStatus::kDeclined,   PaymentStatus::kCanceled,
                                  PaymentStatus::kPartialRefund, PaymentStatus::kRefunded};

domain::Payment NewPayment(const std::string& h_id, std::mt19937_64* random) {
  domain::Payment payment;
  payment.h_id = h_id;
  payment.application_id = {1};
  payment.merchant_id = {1};
  payment.direction = (*random)() % 2 == 0 ? domain::Direction::kIn : domain::Direction::kOut;
  payment.c_id = {"order-" + h_id, false};
  REQUIRE(domain::Currency::Parse("INR", &payment.amount.currency));
  payment.amount.minor = 100;
  payment.created_ms = payment.updated_ms = 1'800'000'000'000;
  return payment;
}

// A random walk through the states, as far as it goes or its luck lasts; the events it makes.
std::vector<std::string> Live(domain::Payment* payment, std::mt19937_64* random, base::Random& ids) {
  std::vector<std::string> bodies = {payments::MakeEvent(*payment, payment->status, ids).body};
  for (int step = 0; step < 8; ++step) {
    const PaymentStatus next = kAll[(*random)() % std::size(kAll)];
    if (!domain::CanMove(payment->status, next)) continue;
    const PaymentStatus previous = payment->status;
    payment->status = next;
    ++payment->status_version;
    bodies.push_back(payments::MakeEvent(*payment, previous, ids).body);
  }
  return bodies;
}

// The merchant's side: what it believes of each payment.
class Receiver {
 public:
  void Take(const std::string& body) {
    const auto payment = nlohmann::json::parse(body)["data"]["result"]["payment"];
    auto& [version, status] = seen_[payment["identifiers"]["h_id"]];
    if (payment["status_version"] <= version) return;
    version = payment["status_version"];
    status = payment["status"]["status"];
  }
  std::string StatusOf(const std::string& h_id) { return seen_[h_id].second; }

 private:
  std::map<std::string, std::pair<std::int64_t, std::string>> seen_;
};

}  // namespace

TEST_CASE("a receiver that ignores what it has passed ends with the truth under any order and repetition") {
  const std::uint64_t seed = std::random_device()();
  std::cout << "convergence: seed " << seed << std::endl;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  base::SeededRandom ids(seed);
  const int rounds = storage_test::Scaled(500);
  std::size_t longest = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<domain::Payment> all;
    std::vector<std::string> bodies;
    for (int n = 0; n < 4; ++n) {
      all.push_back(NewPayment("pay_" + std::to_string(n), &random));
      const auto more = Live(&all.back(), &random, ids);
      longest = std::max(longest, more.size());
      bodies.insert(bodies.end(), more.begin(), more.end());
    }
    const std::size_t once = bodies.size();
    for (std::size_t again = random() % (2 * once); again > 0; --again) bodies.push_back(bodies[random() % once]);
    std::shuffle(bodies.begin(), bodies.end(), random);
    Receiver receiver;
    for (const std::string& body : bodies) receiver.Take(body);
    for (const domain::Payment& payment : all) {
      REQUIRE(receiver.StatusOf(payment.h_id) == domain::NameOf(payment.status));
    }
  }
  CHECK(longest >= 4);
}
