// Random operations from one seed: after every batch the books must balance. Prints its seed; MULTIHUB_SEED sets it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>

#include "multihub/base/ids.h"
#include "payments/jobs.h"
#include "payments/payment_writer.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::payments;
using namespace multihub::storage_test;
using domain::PaymentStatus;
using providers::ReportedState;

namespace {

std::uint64_t Seed() {
  const char* text = std::getenv("MULTIHUB_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260501;
}

constexpr int kApplications = 3;
constexpr int kBatch = 50;

// Drives the writer the way the lanes do, in process, on a manual clock.
class Simulation {
 public:
  Simulation(storage::Session& session, std::uint64_t seed)
      : session_(session),
        random_(seed),
        key_(base::MasterKey::Generate(random_)),
        clock_(1'800'000'000'000),
        writer_(key_, clock_, random_) {}

  void RunBatch() {
    std::vector<std::unique_ptr<Job>> jobs;
    for (int i = 0; i < kBatch; ++i) jobs.push_back(RandomJob());
    std::vector<storage::LaneJob*> pointers;
    for (const auto& job : jobs) pointers.push_back(job.get());
    // One batch in ten is rolled back and one is run twice, as a lost connection does.
    const std::uint64_t fate = random_.Below(10);
    if (fate == 0) {
      session_.Begin();
      writer_.Write(session_, pointers);
      session_.Rollback();
    }
    storage::RunUnit(session_, 60'000, [&](storage::Session& s) { writer_.Write(s, pointers); });
    if (fate == 1) storage::RunUnit(session_, 60'000, [&](storage::Session& s) { writer_.Write(s, pointers); });
    for (const auto& job : jobs) job->Committed();
    clock_.AdvanceMs(static_cast<std::int64_t>(random_.Below(2'000)));
    operations_ += kBatch;
  }

  // Postings sum to zero; balances equal their postings; nothing is negative. Adds up what is new since the last time,
  // so that it can be asked after every batch.
  void CheckBooks() {
    for (std::int64_t application = 1; application <= kApplications; ++application) {
      Sums& sums = sums_[application];
      session_.Query(
          "SELECT seq, account, amount FROM ledger_postings WHERE application_id = ? AND currency = 'INR' AND seq > ? "
          "ORDER BY seq",
          "iti", {application, sums.seq}, [&](const storage::Row& row) {
            sums.seq = row.integer(0);
            sums.all += row.integer(2);
            sums.of_account[row.text(1)] += row.integer(2);
          });
      if (sums.all != 0) throw std::runtime_error("the postings do not sum to zero");
      session_.Query(
          "SELECT value, value_freezing, value_blocking, chain_seq FROM balances WHERE application_id = ? AND currency "
          "= "
          "'INR'",
          "iiii", {application}, [&](const storage::Row& row) {
            const char* const accounts[] = {"value", "value_freezing", "value_blocking"};
            for (std::size_t i = 0; i < 3; ++i) {
              if (row.integer(i) < 0 || row.integer(i) != sums.of_account[accounts[i]]) {
                throw std::runtime_error("balance of application " + std::to_string(application) + " is wrong");
              }
            }
            if (row.integer(3) != sums.seq) throw std::runtime_error("an entry is missing");
          });
    }
  }

  void CheckAll() {
    const LedgerVerdict verdict = Operator(session_, key_, clock_, random_).VerifyLedger(std::nullopt);
    INFO((verdict.problem ? verdict.problem->description : std::string()));
    CHECK_FALSE(verdict.problem.has_value());
  }

  std::int64_t operations() const { return operations_; }
  std::int64_t accepted() const { return accepted_; }
  std::int64_t refused() const { return refused_; }

 private:
  domain::ApplicationId RandomApplication() { return {static_cast<std::int64_t>(1 + random_.Below(kApplications))}; }

  std::unique_ptr<Job> RandomJob() {
    const std::uint64_t kind = random_.Below(100);
    if (kind < 45) return RandomAccept();
    if (kind < 85 && !open_.empty()) return RandomReport();
    return RandomChange();
  }

  std::unique_ptr<Job> RandomAccept() {
    auto job = std::make_unique<AcceptJob>();
    domain::Payment& p = job->payment;
    p.h_id = "pay_" + base::NewUlid(clock_.NowMs(), random_);
    p.application_id = RandomApplication();
    p.merchant_id = {1};
    p.direction = random_.Below(2) == 0 ? domain::Direction::kIn : domain::Direction::kOut;
    // From a small set now and then, so that duplicates happen, inside batches too.
    const std::uint64_t number = random_.Below(8) == 0 ? random_.Below(40) : ++numbers_;
    p.c_id = {std::to_string(number), random_.Below(2) == 0};
    REQUIRE(domain::Currency::Parse("INR", &p.amount.currency));
    p.amount.minor = static_cast<std::int64_t>(1 + random_.Below(5'000));
    p.fee = static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(p.amount.minor) + 1));
    p.provider = "scripted";
    p.method = "m";
    p.created_ms = p.updated_ms = clock_.NowMs();
    if (random_.Below(50) == 0) job->unavailable = errors::Refuse(errors::Code::kProviderUnavailable);
    job->done = [this](errors::Outcome<domain::Payment> outcome) {
      if (outcome) {
        ++accepted_;
        open_.push_back(*outcome);
      } else {
        ++refused_;
      }
    };
    return job;
  }

  std::unique_ptr<Job> RandomReport() {
    static constexpr ReportedState kStates[] = {ReportedState::kPending,   ReportedState::kSucceeded,
                                                ReportedState::kSucceeded, ReportedState::kFailed,
                                                ReportedState::kDeclined,  ReportedState::kCanceled};
    auto job = std::make_unique<ReportJob>();
    const domain::Payment& accepted = open_[random_.Below(open_.size())];
    job->h_id = accepted.h_id;
    // Now and then with the payment as it was accepted, which it mostly is no more: then the batch is run again.
    if (random_.Below(40) == 0) job->seen = accepted;
    job->source = "callback";
    job->report.state = kStates[random_.Below(std::size(kStates))];
    if (random_.Below(20) == 0) {
      domain::Money other;
      REQUIRE(domain::Currency::Parse("INR", &other.currency));
      other.minor = static_cast<std::int64_t>(random_.Below(5'000));
      job->report.amount = other;
    }
    // Old payments are reported now and then too, but most reports go to recent ones.
    if (open_.size() > 400) open_.erase(open_.begin(), open_.begin() + 100);
    return job;
  }

  std::unique_ptr<Job> RandomChange() {
    auto job = std::make_unique<BalanceJob>();
    job->change.application_id = RandomApplication();
    REQUIRE(domain::Currency::Parse("INR", &job->change.currency));
    job->change.operation = static_cast<BalanceOperation>(random_.Below(4));
    job->change.amount = static_cast<std::int64_t>(1 + random_.Below(20'000));
    job->change.reference = "ref-" + std::to_string(random_.Below(10) == 0 ? random_.Below(30) : ++numbers_);
    return job;
  }

  storage::Session& session_;
  base::SeededRandom random_;
  base::MasterKey key_;
  base::ManualClock clock_;
  PaymentWriter writer_;
  std::vector<domain::Payment> open_;
  struct Sums {
    std::int64_t seq = 0;  // of the last entry added up
    std::int64_t all = 0;
    std::map<std::string, std::int64_t> of_account;
  };
  std::map<std::int64_t, Sums> sums_;
  std::uint64_t numbers_ = 1000;
  std::int64_t operations_ = 0, accepted_ = 0, refused_ = 0;
};

}  // namespace

TEST_CASE("random operations keep the books: postings sum to zero, balances equal their postings") {
  const storage::Engine engine = GENERATE(storage::Engine::kSqlite, storage::Engine::kMysql);
  CAPTURE(NameOf(engine));
  const std::uint64_t seed = Seed();
  std::cout << NameOf(engine) << ": seed " << seed << "\n";
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  if (engine == storage::Engine::kSqlite) session->Execute("PRAGMA synchronous=OFF");
  Simulation simulation(*session, seed);
  // 50,000 operations in the ordinary run, 1,000,000 at scale 20; MariaDB takes a fifth of each.
  const int batches = Scaled(engine == storage::Engine::kSqlite ? 1'000 : 200);
  for (int i = 0; i < batches; ++i) {
    simulation.RunBatch();
    simulation.CheckBooks();
  }
  simulation.CheckAll();
  CHECK(simulation.accepted() > batches * 5);
  CHECK(simulation.refused() > batches / 2);
  std::cout << NameOf(engine) << ": " << simulation.operations() << " operations, " << simulation.accepted()
            << " payments\n";
}
