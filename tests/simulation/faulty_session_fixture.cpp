#include "simulation/faulty_session_fixture.h"

#include <utility>

namespace multihub::simulation {

using storage::StorageFailure;

namespace {

constexpr std::uint64_t kOfAll = 10'000;
// A unit of a whole batch has some thirty statements, one of a single job about ten.
constexpr std::uint64_t kStatementsOfAUnit = 24;

}  // namespace

bool Happens(base::Random& random, int chance) {
  return chance > 0 && random.Below(kOfAll) < static_cast<std::uint64_t>(chance);
}

FaultySession::FaultySession(const storage::Database& database, base::Random& random, const FaultRates& rates)
    : database_(database), random_(random), rates_(rates) {
  Reconnect();
}

storage::Session& FaultySession::Inner() {
  if (inner_ == nullptr) throw StorageFailure(StorageFailure::Kind::kLost, "simulated: not connected");
  return *inner_;
}

FaultySession::Accident FaultySession::Draw() {
  if (!Happens(random_, rates_.of_a_unit)) return Accident::kNone;
  if (Happens(random_, rates_.of_a_death)) {
    static constexpr Accident kDeaths[] = {Accident::kDeath, Accident::kDeathBeforeCommit, Accident::kDeathAfterCommit};
    return kDeaths[random_.Below(std::size(kDeaths))];
  }
  static constexpr Accident kOthers[] = {Accident::kConflict, Accident::kLost, Accident::kCommitConflict,
                                         Accident::kCommitUndone, Accident::kCommitDone};
  return kOthers[random_.Below(std::size(kOthers))];
}

// Whatever the unit had written is gone. Rolled back by hand, since a server takes a while to notice that a client
// went.
void FaultySession::Lose() {
  ++accidents_;
  in_unit_ = false;
  if (inner_ != nullptr) inner_->Rollback();
  inner_.reset();
  throw StorageFailure(StorageFailure::Kind::kLost, "simulated: connection lost");
}

void FaultySession::Die() {
  ++accidents_;
  in_unit_ = false;
  if (inner_ != nullptr) inner_->Rollback();
  inner_.reset();
  throw ProcessDied{};
}

void FaultySession::AtStatement() {
  if (!in_unit_) {
    if (Happens(random_, rates_.of_a_read)) Lose();
    return;
  }
  const bool at_statement =
      accident_ == Accident::kConflict || accident_ == Accident::kLost || accident_ == Accident::kDeath;
  if (!at_statement || statements_left_-- > 0) return;
  const Accident accident = std::exchange(accident_, Accident::kNone);
  if (accident == Accident::kLost) Lose();
  if (accident == Accident::kDeath) Die();
  ++accidents_;
  throw StorageFailure(StorageFailure::Kind::kConflict, "simulated: deadlock");
}

std::int64_t FaultySession::Execute(std::string_view sql, std::span<const storage::Value> values) {
  AtStatement();
  return Inner().Execute(sql, values);
}

void FaultySession::Query(std::string_view sql, std::string_view columns, std::span<const storage::Value> values,
                          const std::function<void(const storage::Row&)>& each) {
  AtStatement();
  Inner().Query(sql, columns, values, each);
}

void FaultySession::Begin() {
  Inner().Begin();
  in_unit_ = true;
  accident_ = Draw();
  statements_left_ = accident_ == Accident::kNone ? 0 : random_.Below(kStatementsOfAUnit);
}

void FaultySession::BeginSnapshot() { Inner().BeginSnapshot(); }

void FaultySession::Commit() {
  const Accident accident = std::exchange(accident_, Accident::kNone);
  if (accident == Accident::kCommitUndone) Lose();
  if (accident == Accident::kDeathBeforeCommit) Die();
  if (accident == Accident::kCommitConflict) {
    ++accidents_;
    throw StorageFailure(StorageFailure::Kind::kConflict, "simulated: deadlock at commit");
  }
  Inner().Commit();
  in_unit_ = false;
  if (after_commit) after_commit();
  if (accident == Accident::kCommitDone) Lose();
  if (accident == Accident::kDeathAfterCommit) Die();
}

void FaultySession::Rollback() noexcept {
  in_unit_ = false;
  accident_ = Accident::kNone;
  if (inner_ != nullptr) inner_->Rollback();
}

void FaultySession::Reconnect() {
  in_unit_ = false;
  inner_ = database_.Open();
  // Accidents are simulated: nothing here is about what a disk loses.
  if (database_.engine() == storage::Engine::kSqlite) inner_->Execute("PRAGMA synchronous=OFF");
}

storage::Engine FaultySession::engine() const { return database_.engine(); }

std::int64_t FaultySession::DatabaseNowMs() { return Inner().DatabaseNowMs(); }

}  // namespace multihub::simulation
