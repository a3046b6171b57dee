#include "bench/instructions.h"

#include <cstdlib>
#include <stdexcept>

#include "bench/databases.h"
#include "bench/generator.h"
#include "bench/requests.h"
#include "bench/servers.h"
#include "support/temp_dir.h"

namespace multihub::bench {
namespace {

// Fewer than usual: instrumented, each call takes long.
constexpr int kConnections = 64;

double CountRun(const std::string& binary, std::size_t payments) {
  const support::TempDir dir;
  const std::string counts = dir.File("callgrind.out");
  const std::unique_ptr<Database> database = NewSqliteDatabase();
  GatewayStart start;
  start.binary = binary;
  start.database = database.get();
  // Looking for payments to ask for goes by the clock, which a run this slow would count many times over.
  start.env = {{"MULTIHUB_PROVIDERS_RECONCILE_POLL_MS", "60000"}};
  start.wrapper = {"valgrind", "--tool=callgrind", "--quiet", "--callgrind-out-file=" + counts};
  const std::unique_ptr<Server> gateway = StartGateway(start);
  RequestPool pool = Deposits(payments);
  LoadOptions load;
  load.port = gateway->port();
  load.connections = kConnections;
  load.seconds = 3600;
  const LoadResult result = RunClosedLoop(pool, load);
  if (result.failures > 0) throw std::runtime_error("payments under callgrind: " + result.first_failure);
  gateway->Stop();
  return InstructionsIn(support::ReadFile(counts));
}

}  // namespace

InstructionCount CountInstructions(const std::string& binary, std::size_t payments) {
  const double once = CountRun(binary, payments);
  const double twice = CountRun(binary, 2 * payments);
  InstructionCount count;
  count.payments = payments;
  count.per_payment = (twice - once) / static_cast<double>(payments);
  count.of_start_and_stop = once - (twice - once);
  return count;
}

double InstructionsIn(const std::string& callgrind_file) {
  for (const std::string key : {"\ntotals: ", "\nsummary: "}) {
    const std::size_t at = callgrind_file.find(key);
    if (at == std::string::npos) continue;
    const char* begin = callgrind_file.c_str() + at + key.size();
    char* end = nullptr;
    const double value = std::strtod(begin, &end);
    if (end != begin) return value;
  }
  throw std::runtime_error("the callgrind file has no total");
}

}  // namespace multihub::bench
