// A session whose units of work meet accidents: conflicts, connections lost in the middle of a unit, commits whose end
// is unknown, and the death of the process. All of them are drawn from the simulation's random source.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "multihub/base/random.h"
#include "multihub/storage/database.h"
#include "multihub/storage/session.h"

namespace multihub::simulation {

// The process is gone, with all that was in its memory. It is no std::exception: only the simulation catches it.
struct ProcessDied {};

// Chances in 10,000; zero everywhere: nothing goes wrong.
struct FaultRates {
  int of_a_unit = 0;   // one unit of work meets an accident
  int of_a_death = 0;  // … and that is the end of the process
  int of_a_read = 0;   // the connection is lost in a read outside of a unit
  int of_a_step = 0;   // the process ends between two steps of its work
};

// True once in a while: `chance` in 10,000.
bool Happens(base::Random& random, int chance);

class FaultySession final : public storage::Session {
 public:
  // All outlive the session; the rates may change under it.
  FaultySession(const storage::Database& database, base::Random& random, const FaultRates& rates);

  // Runs when a COMMIT has happened, before anybody is told how it ended.
  std::function<void()> after_commit;

  using storage::Session::Execute;
  using storage::Session::Query;
  std::int64_t Execute(std::string_view sql, std::span<const storage::Value> values) override;
  void Query(std::string_view sql, std::string_view columns, std::span<const storage::Value> values,
             const std::function<void(const storage::Row&)>& each) override;
  void Begin() override;
  void BeginSnapshot() override;
  void Commit() override;
  void Rollback() noexcept override;
  void Reconnect() override;
  storage::Engine engine() const override;
  std::int64_t DatabaseNowMs() override;

  int accidents() const { return accidents_; }

 private:
  enum class Accident {
    kNone,
    kConflict,        // at a statement
    kLost,            // at a statement
    kDeath,           // at a statement
    kCommitConflict,  // refused, rolled back
    kCommitUndone,    // the connection is lost, and the commit had not happened
    kCommitDone,      // the connection is lost, and it had
    kDeathBeforeCommit,
    kDeathAfterCommit,
  };
  Accident Draw();
  void AtStatement();
  [[noreturn]] void Lose();
  [[noreturn]] void Die();
  storage::Session& Inner();

  const storage::Database& database_;
  base::Random& random_;
  const FaultRates& rates_;
  std::unique_ptr<storage::Session> inner_;
  Accident accident_ = Accident::kNone;
  std::uint64_t statements_left_ = 0;  // until the accident
  bool in_unit_ = false;
  int accidents_ = 0;
};

}  // namespace multihub::simulation
