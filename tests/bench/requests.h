// The calls that measures make.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/request_pool.h"

namespace multihub::bench {

// The sandbox's first application.
Caller SandboxCaller();
// The applications of the spread payouts, made by the benchmark itself.
std::vector<Caller> SpreadCallers();

std::string DepositBody(const std::string& c_id);

// Each with a c_id of its own, `prefix` and a number.
RequestPool Deposits(std::size_t requests, const std::string& prefix = "bench-");
// Deposits whose c_ids come in no order, from the `first`-th of ScatteredId on.
RequestPool ScatteredDeposits(std::size_t first, std::size_t requests);
// Payouts by the callers in turn.
RequestPool Payouts(std::size_t requests, std::vector<Caller> callers);
// payment.status of the first so many of Deposits, each once in each turn, far from the order they were made in.
RequestPool Statuses(std::size_t payments);
RequestPool Pings();
// Deposits to be sent again and again: for a server that stores nothing.
RequestPool ReusedDeposits();

// Different for all n below 2^32; neighbours are far apart in the order of bytes, as those of random ids are.
std::string ScatteredId(std::size_t n);

}  // namespace multihub::bench
