#include "bench/stored_payments.h"

#include <sys/statvfs.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "bench/generator.h"
#include "bench/requests.h"
#include "bench/servers.h"

namespace multihub::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSeeds = 10'000;
constexpr std::size_t kBytesEach = 1600;  // rows, indexes and slack
constexpr int kConnections = 64;
// What old payments are: older than `multihub prune` keeps superseded events.
constexpr int kYoungestCopyDays = 91;
constexpr int kCopiesPerTransaction = 10;

std::string PathFor(std::size_t count) {
  return std::string(MULTIHUB_SOURCE_DIR) + "/build/bench/payments-" + std::to_string(count) + ".db";
}

// c_ids are ScatteredId of 0, 1, 2, …
std::string SeedBody(std::size_t n) {
  // The simulator cancels amounts that end in 03.
  std::string body = DepositBody(ScatteredId(n));
  const std::string amount = "150000";
  return body.replace(body.find(amount), amount.size(), "150003");
}

void MakeSeeds(const std::string& binary, const Database& database) {
  const std::unique_ptr<Server> gateway = StartGateway({binary, &database, {{"MULTIHUB_SIMULATOR_DELAY_MS", "0"}}, {}});
  RequestPool pool({SandboxCaller()}, false);
  for (std::size_t n = 0; n < kSeeds; ++n) pool.Add(SeedBody(n), "\"" + ScatteredId(n) + "\"");
  LoadOptions load;
  load.port = gateway->port();
  load.connections = kConnections;
  load.seconds = 600;
  const LoadResult result = RunClosedLoop(pool, load);
  if (result.failures > 0) throw std::runtime_error("making payments: " + result.first_failure);
  while (database.QueryNumber("SELECT COUNT(*) FROM provider_tasks") > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  gateway->Stop();
}

// The ten characters that tell the time in an id.
std::string UlidTime(const std::string& ms) {
  std::string sql;
  for (int shift = 45; shift >= 0; shift -= 5) {
    if (!sql.empty()) sql += "||";
    sql += "substr('0123456789abcdefghjkmnpqrstvwxyz',((" + ms + ">>" + std::to_string(shift) + ")&31)+1,1)";
  }
  return sql;
}

// The payments the gateway made, in the order of time, with what their copies need.
const char* const kSeedTable = R"(
CREATE TEMP TABLE seed AS
  SELECT row_number() OVER (ORDER BY p.created_ms, substr(p.h_id, 15)) - 1 AS n, p.*,
         strftime('%Y-%m-%dT', p.created_ms / 1000, 'unixepoch') AS day, e.status_version AS event_version,
         e.event AS event, e.created_ms AS event_ms, replace(e.event_id, p.h_id, '') AS event_tail, e.body AS body
  FROM payments p JOIN events e ON e.h_id = p.h_id AND e.status_version = p.status_version
  ORDER BY p.created_ms, substr(p.h_id, 15);
)";

// One copy of every seed, so many whole days earlier; `first` is the number its c_ids begin with.
std::string CopySql(int days, std::size_t first) {
  const std::string back = std::to_string(days * 86'400'000LL);
  const std::string h_id = "'pay_'||" + UlidTime("(created_ms-" + back + ")") + "||substr(h_id,15)";
  const std::string c_id = "printf('order-%08x',((n+" + std::to_string(first) + ")*2654435761)&4294967295)";
  return "INSERT INTO payments SELECT " + h_id + ",application_id,merchant_id,service_id,direction," + c_id +
         ",c_id_numeric,currency,amount,fee,provider,method,test,status,status_version,p_id,utr,created_ms-" + back +
         ",updated_ms-" + back + ",finished_ms-" + back +
         ",redirect,receiver,payer,sealed_card,webhook_url,webhook_events,trace_context FROM seed ORDER BY n;\n"
         "INSERT INTO events SELECT " +
         h_id + ",event_version," + h_id + "||event_tail,event,application_id,event_ms-" + back +
         ",replace(replace(replace(body,h_id," + h_id + "),c_id," + c_id +
         "),day,strftime('%Y-%m-%dT',created_ms/1000-" + std::to_string(days * 86'400LL) +
         ",'unixepoch')) FROM seed ORDER BY n;\n";
}

void Copy(const Database& database, std::size_t copies) {
  std::string sql =
      "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF;PRAGMA locking_mode=EXCLUSIVE;PRAGMA cache_size=-1500000;"
      "PRAGMA temp_store=MEMORY;\n";
  sql += kSeedTable;
  for (std::size_t copy = 0; copy < copies; ++copy) {
    if (copy % kCopiesPerTransaction == 0) sql += copy == 0 ? "BEGIN;\n" : "COMMIT;BEGIN;\n";
    // The oldest first: ids are in the order of time, and so are rows.
    const int days = kYoungestCopyDays + static_cast<int>(copies - 1 - copy);
    sql += CopySql(days, kSeeds * (copy + 1));
  }
  sql += "COMMIT;PRAGMA journal_mode=WAL;\n";
  database.Query(sql);
}

void DemandRoom(const std::string& folder, std::size_t count) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) throw std::runtime_error("cannot look at " + folder);
  const double free_bytes = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (free_bytes < static_cast<double>(count * kBytesEach)) {
    throw std::runtime_error("not enough room in " + folder + " for " + std::to_string(count) + " payments");
  }
}

// The newest id the file was made with; the file is whole when this one is there.
std::string MarkOf(const std::string& path) { return path + ".newest"; }

}  // namespace

StoredPayments::StoredPayments(const std::string& binary, std::size_t count)
    : path_(PathFor(count)), database_(SqliteDatabase(path_)) {
  if (!fs::exists(MarkOf(path_))) Make(binary, count);
  PutBack();
}

void StoredPayments::Make(const std::string& binary, std::size_t count) {
  const fs::path folder = fs::path(path_).parent_path();
  fs::create_directories(folder);
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path_ + suffix);
  DemandRoom(folder.string(), count);
  std::fprintf(stderr, "making a database of %zu payments: %s\n", count, path_.c_str());
  MakeSeeds(binary, *database_);
  if (count > kSeeds) Copy(*database_, count / kSeeds - 1);
  if (database_->QueryNumber("SELECT COUNT(*) FROM payments") != static_cast<long long>(count)) {
    throw std::runtime_error("the database does not hold " + std::to_string(count) + " payments");
  }
  // Says from when on events are complete; there is nothing left for it to remove.
  RunCommand(binary, *database_, {"prune"});
  RunCommand(binary, *database_, {"ledger", "verify"});
  support::WriteFile(MarkOf(path_), database_->Query("SELECT MAX(h_id) FROM payments").at(0).at(0));
}

void StoredPayments::PutBack() {
  const std::string later = " WHERE h_id > '" + support::ReadFile(MarkOf(path_)) + "';";
  database_->Query("PRAGMA synchronous=NORMAL;BEGIN;DELETE FROM provider_tasks" + later + "DELETE FROM events" + later +
                   "DELETE FROM payments" + later + "COMMIT;PRAGMA wal_checkpoint(TRUNCATE);");
}

}  // namespace multihub::bench
