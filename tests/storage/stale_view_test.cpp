// Reports made on a view of the payment that was true when they began.
#include <catch2/catch.hpp>

#include "multihub/base/ids.h"
#include "payments/jobs.h"
#include "payments/payment_writer.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::payments;
using multihub::storage_test::FreshDatabase;
using multihub::storage_test::NameOf;
using providers::ReportedState;

namespace {

class Writing {
 public:
  explicit Writing(storage::Session& session)
      : session_(session),
        random_(1),
        key_(base::MasterKey::Generate(random_)),
        clock_(1'800'000'000'000),
        writer_(key_, clock_, random_) {}

  domain::Payment Stored(const std::string& h_id) {
    auto found = storage::FindByIds(session_, {&h_id, 1});
    REQUIRE(found.size() == 1);
    return found.front();
  }

  std::string Accept() {
    AcceptJob job;
    domain::Payment& p = job.payment;
    p.h_id = "pay_" + base::NewUlid(clock_.NowMs(), random_);
    p.application_id = {1};
    p.merchant_id = {1};
    p.c_id = {"one", false};
    REQUIRE(domain::Currency::Parse("INR", &p.amount.currency));
    p.amount.minor = 1'000;
    p.provider = "scripted";
    p.method = "m";
    p.created_ms = p.updated_ms = clock_.NowMs();
    Write(&job);
    return p.h_id;
  }

  void Report(const domain::Payment& seen, ReportedState state, const std::string& p_id) {
    ReportJob job;
    job.h_id = seen.h_id;
    job.seen = seen;
    job.report.state = state;
    job.report.p_id = p_id;
    Write(&job);
  }

 private:
  void Write(Job* job) {
    storage::LaneJob* jobs[] = {job};
    storage::RunUnit(session_, 10'000, [&](storage::Session& s) { writer_.Write(s, jobs); });
  }

  storage::Session& session_;
  base::SeededRandom random_;
  base::MasterKey key_;
  base::ManualClock clock_;
  PaymentWriter writer_;
};

}  // namespace

TEST_CASE("an identifier that came between two looks at a payment is not forgotten") {
  const storage::Engine engine = GENERATE(storage::Engine::kSqlite, storage::Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  Writing writing(*session);
  const std::string h_id = writing.Accept();
  writing.Report(writing.Stored(h_id), ReportedState::kPending, "");
  // One who asks the provider looks at the payment; meanwhile a callback names it; then the answer comes.
  const domain::Payment seen = writing.Stored(h_id);
  writing.Report(writing.Stored(h_id), ReportedState::kPending, "p-1");
  const ReportedState end = GENERATE(ReportedState::kPending, ReportedState::kSucceeded);
  writing.Report(seen, end, "");
  CHECK(writing.Stored(h_id).p_id == "p-1");
  if (end == ReportedState::kSucceeded) {
    CHECK(storage::EventsOf(*session, h_id).front().body.find("\"p_id\":\"p-1\"") != std::string::npos);
  }
}
