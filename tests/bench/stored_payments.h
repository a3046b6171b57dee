// A SQLite database with many payments, kept between runs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "bench/databases.h"

namespace multihub::bench {

// build/bench/payments-COUNT.db in the source tree. The newest 10,000 payments were made by the gateway itself, over
// HTTP: deposits that were canceled, so that no money moved and the ledger is whole without them. The others are
// copies of these on earlier days, with ids, times, c_ids and event bodies of their own, in the state that
// `multihub prune` leaves old payments in: with their last event. c_ids come in no order, as random ones would.
class StoredPayments {
 public:
  // Makes the file when it is not there, which takes minutes for millions, and puts it back to what it was made with
  // when something was stored since. `count` is a multiple of 10,000. Says on stderr what it does when that takes
  // long. Throws std::runtime_error.
  StoredPayments(const std::string& binary, std::size_t count);

  const Database& database() const { return *database_; }

 private:
  void Make(const std::string& binary, std::size_t count);
  void PutBack();

  const std::string path_;
  std::unique_ptr<Database> database_;
};

}  // namespace multihub::bench
