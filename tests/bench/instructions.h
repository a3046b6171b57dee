// What a payment costs in instructions: the same on a busy machine and on a quiet one.
#pragma once

#include <cstddef>
#include <string>

namespace multihub::bench {

struct InstructionCount {
  std::size_t payments = 0;      // of the smaller run
  double per_payment = 0;        // instructions of the gateway process, all threads
  double of_start_and_stop = 0;  // what a run costs besides its payments
};

// Runs the gateway under callgrind twice, on new SQLite databases, with `payments` deposits and with twice as many; the
// difference is theirs alone. A payment is accepted and started with its provider; nobody asks for its outcome.
// Takes minutes. Throws std::runtime_error.
InstructionCount CountInstructions(const std::string& binary, std::size_t payments);

// The whole number after "totals: " or "summary: " in a callgrind file. Throws std::runtime_error when there is none.
double InstructionsIn(const std::string& callgrind_file);

}  // namespace multihub::bench
