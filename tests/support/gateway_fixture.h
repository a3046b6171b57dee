// A sandbox gateway on one engine, the merchants who call it, and what its database says.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/cli_runs.h"
#include "support/gateway_process.h"
#include "support/json.h"
#include "support/mariadb_server.h"
#include "support/signed_client.h"

namespace multihub::functional {

using nlohmann::json;
using Milliseconds = std::chrono::milliseconds;
using Rows = std::vector<std::vector<std::string>>;

// Against hangs only.
inline constexpr std::chrono::seconds kPatience{120};

// Waits for a fact; false when it did not come about.
bool Eventually(const std::function<bool()>& fact, std::chrono::seconds patience = kPatience);

// How many times more than usual a soak is to do; 20 is the full count.
int SoakScale();
// MULTIHUB_SOAK_SEED, else another one each time. The test prints it.
std::uint64_t SoakSeed();

std::map<std::string, std::string> FastSandbox();  // rate limits off, outcomes after 200 ms

// A sandbox on a database of its own. Used by one thread; Client, Sql and Cli by any.
class Sandbox {
 public:
  explicit Sandbox(TestEngine engine, std::map<std::string, std::string> env = FastSandbox());
  // On a database of that server.
  explicit Sandbox(support::MariadbServer* server, std::map<std::string, std::string> env = FastSandbox());
  // On SQLite, in a file where `options.database_url` says, else in one of its own.
  explicit Sandbox(support::GatewayOptions options);

  support::GatewayProcess& gateway() { return *gateway_; }
  TestEngine engine() const { return server_ == nullptr ? TestEngine::kSqlite : TestEngine::kMysql; }
  support::SignedClient Client(std::int64_t application_id = 1) const;

  support::RunResult Run(std::vector<std::string> words) const;  // an operator command on this database
  json Cli(std::vector<std::string> words) const;                // the document of one that must succeed
  bool LedgerIsSound(std::string* why) const;

  Rows Sql(const std::string& statement) const;
  std::int64_t Count(const std::string& from_where) const;  // SELECT COUNT(*) FROM …
  // Everything in the database as bytes: the files of SQLite, the rows of every table of MariaDB.
  std::string Bytes() const;

 private:
  void Start(support::GatewayOptions options);

  support::TempDir dir_;
  support::MariadbServer* server_ = nullptr;
  std::string name_;  // of the MariaDB database; of the SQLite file
  std::string url_;
  std::unique_ptr<support::GatewayProcess> gateway_;
};

// Requests.
inline constexpr const char* kPing = R"({"method":"gateway.ping","params":{}})";
json Deposit(std::int64_t service_id, std::int64_t value, const std::string& currency, const json& c_id);
json Payout(std::int64_t service_id, std::int64_t value, const std::string& currency, const json& c_id,
            const json& receiver);
json MxnPayout(std::int64_t value, const json& c_id);  // 14801
json StatusOf(const json& identifiers);
json NotificationOf(const json& identifiers);
json ById(const std::string& h_id);
support::Answer Resend(support::SignedClient* client, const std::string& h_id, const std::string& body = "");

// A CLABE with a right check digit that is nobody's, and a well-known test card number, of which no file of the tree
// holds more than a part.
inline constexpr const char* kClabe = "646180000000000423";
std::string TestCardNumber();

// What every signed answer is: HTTP status by the code, envelope keys in order, signature, request id. 0 is success.
void CheckAnswer(const support::Answer& answer, int code);
// The same without a signature: answers given before it was verified.
void CheckUnsigned(const support::Answer& answer, int code);
// Of an answer that must be a success.
json PaymentIn(const support::Answer& answer);
std::string IdOf(const json& payment);
json BalanceOf(support::SignedClient* client, const std::string& currency);

// Asks until the payment is final; every answer on the way must follow from the one before.
json AwaitFinal(support::SignedClient* client, const std::string& h_id);
json AwaitStatus(support::SignedClient* client, const std::string& h_id, const std::string& status);

// The answer without what differs between any two answers: request id and time.
std::string Comparable(const support::Answer& answer);

bool IsFinal(const std::string& status);

// Threads that call until they are told to stop.
class Callers {
 public:
  ~Callers() { Stop(); }
  void Start(std::function<void(const std::atomic<bool>& stop)> work) {
    threads_.emplace_back([this, work = std::move(work)] { work(stop_); });
  }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

// What clients were told, shared by their threads.
class Acknowledged {
 public:
  void Add(const std::string& c_id, const std::string& h_id);
  void AddTrouble(const std::string& what);  // an answer that should not have been
  std::map<std::string, std::string> payments() const;
  std::string troubles() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> payments_;
  std::vector<std::string> troubles_;
};

// Every acknowledged payment is found under its h_id, by both ids, and none twice.
void CheckNothingLost(const Sandbox& sandbox, const std::map<std::string, std::string>& acknowledged);
// Every payment becomes final by itself, and the ledger is sound then.
void CheckAllBecomeFinal(const Sandbox& sandbox);

}  // namespace multihub::functional
