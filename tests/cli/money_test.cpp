#include <future>
#include <thread>

#include "support/cli_runs.h"
#include "support/signed_client.h"

namespace multihub::functional {
namespace {

using support::GatewayOptions;
using support::GatewayProcess;
using support::SignedClient;

std::vector<std::string> Move(const std::string& word, const std::string& amount, const std::string& reference) {
  return {"balance", word, "1", "INR", amount, "--reference", reference, "--reason", "test"};
}

// A migrated database with application 1.
void MakeApplication(const CliDatabase& db) {
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  db.Json({"app", "create", "--merchant", "1", "--test"});
}

TEST_CASE("balances move by operator commands, each reference once, on both engines") {
  const CliDatabase db(EachEngine());
  MakeApplication(db);
  CHECK(db.Json({"balance", "create", "1", "INR"})["created"] == true);
  CHECK(db.Json({"balance", "create", "1", "INR"})["created"] == false);
  const nlohmann::json first = db.Json(Move("topup", "1000", "t1"));
  CHECK(first["repeated"] == false);
  CHECK(first["balance"]["value"] == 1000);
  CHECK(db.Json(Move("hold", "300", "h1"))["balance"]["value_blocking"] == 300);
  CHECK(db.Json(Move("release", "100", "r1"))["balance"]["value"] == 800);
  CHECK(db.Json(Move("withdraw", "800", "w1"))["balance"]["value"] == 0);

  const nlohmann::json again = db.Json(Move("topup", "1000", "t1"));
  CHECK(again["repeated"] == true);
  CHECK(again["balance"] == first["balance"]);
  // A reference is unique per kind: the same text names another top-up and another hold.
  CHECK(db.Json(Move("topup", "50", "h1"))["repeated"] == false);

  const nlohmann::json shown = db.Json({"balance", "show", "1"});
  REQUIRE(shown["amounts"].size() == 1);
  CHECK(shown["amounts"][0]["value"] == 50);
  CHECK(shown["amounts"][0]["value_blocking"] == 200);
  CHECK(db.Json({"balance", "show", "--house"})["house"][0]["value"] == -250);
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
  CHECK(db.Json({"ledger", "verify", "--app", "1"})["entries"] == 5);
}

TEST_CASE("a movement without the funds, the balance or the application is refused") {
  const CliDatabase db(EachEngine());
  MakeApplication(db);
  db.Json(Move("topup", "1000", "t1"));
  const std::string before = db.Snapshot();
  CHECK(db.Run(Move("withdraw", "1001", "w1")).exit_code == 1);
  CHECK(db.Run(Move("hold", "1001", "h1")).exit_code == 1);
  CHECK(db.Run(Move("release", "1", "r1")).exit_code == 1);
  CHECK(db.Run(Move("topup", "9007199254740991", "t2")).exit_code == 1);
  db.Refuses(Move("topup", "0", "t3"), "AMOUNT");
  db.Refuses(Move("topup", "9007199254740992", "t3"), "AMOUNT");
  db.Refuses({"balance", "topup", "9", "INR", "5", "--reference", "r", "--reason", "t"}, "no application 9");
  db.Refuses({"balance", "topup", "1", "inr", "5", "--reference", "r", "--reason", "t"}, "no currency");
  db.Refuses({"balance", "topup", "1", "INR", "5", "--reference", "", "--reason", "t"}, "--reference");
  db.Refuses({"balance", "show"}, "Give either");
  CHECK(db.Snapshot() == before);
}

TEST_CASE("balances are switched one by one and as a whole") {
  const CliDatabase db(EachEngine());
  MakeApplication(db);
  db.Json(Move("topup", "1000", "t1"));
  db.Json({"balance", "disable", "1", "INR"});
  CHECK(db.Json({"balance", "show", "1"})["amounts"][0]["enabled"] == false);
  db.Json({"balance", "enable", "1", "INR"});
  CHECK(db.Json({"balance", "show", "1"})["amounts"][0]["enabled"] == true);
  db.Json({"balance", "disable", "1"});
  CHECK(db.Json({"balance", "show", "1"})["enabled"] == false);
  db.Refuses({"balance", "disable", "1", "MXN"}, "has no MXN balance");
  db.Refuses({"balance", "disable", "9"}, "no application 9");
}

TEST_CASE("the operator settles what nobody else does, on both engines") {
  const CliDatabase db(EachEngine());
  GatewayOptions options;
  options.database_url = db.url();
  options.cwd = db.dir().path();
  GatewayProcess gateway(options);
  SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  // Amounts that end in 04 stay processing.
  const nlohmann::json request = {{"method", "payment.in"},
                                  {"service_id", 14702},
                                  {"params",
                                   {{"payment",
                                     {{"payer", nlohmann::json::object()},
                                      {"amount", {{"value", 5004}, {"currency", "INR"}}},
                                      {"identifiers", {{"c_id", "settle-1"}}}}}}}};
  const support::Answer answer = client.Call(request);
  INFO(answer.raw);
  REQUIRE(answer.success());
  const std::string h_id = answer.at("/result/payment/identifiers/h_id").get<std::string>();

  CHECK(db.Json({"payment", "show", h_id})["payment"]["identifiers"]["c_id"] == "settle-1");
  CHECK(db.Json({"payment", "list", "--app", "1"})["payments"].size() == 1);
  CHECK(db.Json({"payment", "list", "--app", "2"})["payments"].empty());
  CHECK(db.Json({"payment", "list", "--stuck"})["payments"].empty());
  CHECK(db.Json({"payment", "list", "--since", "2020-01-01"})["payments"].size() == 1);
  CHECK(db.Json({"payment", "list", "--since", "2999-01-01T00:00:00Z"})["payments"].empty());
  db.Refuses({"payment", "list", "--since", "yesterday"}, "--since");
  db.Refuses({"payment", "list", "--limit", "0"}, "--limit");
  db.Refuses({"payment", "show", "pay_none"}, "There is no payment");
  db.Refuses({"payment", "settle", "pay_none", "--status", "success", "--reason", "t"}, "There is no payment");

  const nlohmann::json settled =
      db.Json({"payment", "settle", h_id, "--status", "success", "--reason", "seen on the statement"});
  CHECK(settled["payment"]["status"]["status"] == "success");
  CHECK(db.Json({"payment", "list", "--status", "success"})["payments"].size() == 1);
  CHECK(db.Run({"payment", "settle", h_id, "--status", "error", "--reason", "t"}).exit_code == 1);
  const nlohmann::json balances = db.Json({"balance", "show", "1"})["amounts"];
  CHECK(balances[2]["value"] == 100'005'004);
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
}

TEST_CASE("the ledger check fails and names the first difference") {
  const CliDatabase db(TestEngine::kMysql);
  MakeApplication(db);
  for (const char* reference : {"a", "b", "c"}) db.Json(Move("topup", "1000", reference));
  const std::string name = db.url().substr(db.url().rfind('/') + 1);
  support::SharedMariadb().Query("UPDATE ledger_postings SET amount = amount + 1 WHERE seq = 2 AND amount > 0", name);
  const support::RunResult run = db.Run({"ledger", "verify", "--json"});
  CHECK(run.exit_code == 1);
  const nlohmann::json document = nlohmann::json::parse(run.out);
  CHECK(document["ok"] == false);
  CHECK(document["problem"]["sequence"] == 2);
  CHECK(Contains(run.err, "The ledger is not sound"));
}

// Keeps a table from being read until somebody has waited for it for two seconds.
class TableKeptBusy {
 public:
  TableKeptBusy(const std::string& database, const std::string& table) {
    const std::string waited = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '" + database +
                               "' AND STATE LIKE 'Waiting for table%' AND TIME_MS > 2000";
    keeping_ = std::async(std::launch::async, [=] {
      support::SharedMariadb().Query("DELIMITER $$\nLOCK TABLES " + table + " WRITE$$\nBEGIN NOT ATOMIC WHILE (" +
                                         waited + ") = 0 DO DO SLEEP(0.05); END WHILE; END$$\nUNLOCK TABLES$$\n",
                                     database);
    });
    const std::string kept =
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '" + database + "' AND STATE = 'User sleep'";
    CHECK(Eventually([&] { return support::SharedMariadb().Query(kept)[0][0] != "0"; }));
  }
  ~TableKeptBusy() { keeping_.wait(); }

 private:
  std::future<void> keeping_;
};

TEST_CASE("the ledger check waits longer for a server than a gateway does for a statement") {
  CliDatabase db(TestEngine::kMysql);
  MakeApplication(db);
  db.Json(Move("topup", "1000", "a"));
  db.env["MULTIHUB_DATABASE_STATEMENT_TIMEOUT_S"] = "1";
  const TableKeptBusy busy(db.url().substr(db.url().rfind('/') + 1), "ledger_postings");
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
}

TEST_CASE("a rotated master key opens everything, the old one nothing, and the ledger's chain goes on") {
  CliDatabase db(EachEngine());
  MakeApplication(db);
  db.Json(Move("topup", "1000", "before"));
  const std::string secret = db.Json({"app", "rotate-secret", "1", "--overlap", "1h"})["secret"].get<std::string>();
  const std::string file = db.dir().File("new-key");
  const std::string new_key = "bmV3LW1hc3Rlci1rZXktMDEyMzQ1Njc4OTAxMjM0NTY=";
  support::WriteFile(file, new_key + "\n");

  GatewayOptions options;
  options.sandbox = false;
  options.database_url = db.url();
  GatewayProcess older(options);

  const nlohmann::json rotated = db.Json({"key", "rotate", "--new-key-file", file});
  CHECK(rotated["applications"] == 1);
  CHECK(rotated["key_id"] != rotated["previous_key_id"]);
  db.Refuses({"app", "rotate-secret", "1"}, "sealed under master key");
  db.env["MULTIHUB_SECURITY_MASTER_KEY"] = new_key;
  db.Refuses({"key", "rotate", "--new-key-file", file}, "already");
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
  db.Json(Move("topup", "1000", "after"));
  CHECK(db.Json({"ledger", "verify"})["entries"] == 2);
  // The digest of the secret moved with it.
  const std::string secret_file = db.dir().File("secret");
  support::WriteFile(secret_file, secret);
  db.Refuses({"app", "create", "--merchant", "1", "--secret-file", secret_file}, "is used already");

  options.env = db.env;
  GatewayProcess gateway(options);
  SignedClient client(gateway.port(), 1, secret);
  CHECK(client.Call(std::string_view(R"({"method":"gateway.ping"})")).success());

  // A gateway that still holds the old key goes on with what it knows, and asks not to be sent more.
  const std::string readyz = "http://127.0.0.1:" + std::to_string(older.ops_port()) + "/readyz";
  support::SpawnOptions spawn;
  spawn.argv = {"curl", "-sS", readyz};
  CHECK(Eventually([&] { return Contains(support::Run(spawn).out, "another master key"); }));
  SignedClient older_client(older.port(), 1, secret);
  CHECK(older_client.Call(std::string_view(R"({"method":"gateway.ping"})")).success());

  // And once more, with the chain's key handed on a second time.
  support::WriteFile(file, "b25lLW1vcmUtbWFzdGVyLWtleS0wMTIzNDU2Nzg5MDE=");
  db.Json({"key", "rotate", "--new-key-file", file});
  db.env["MULTIHUB_SECURITY_MASTER_KEY"] = "b25lLW1vcmUtbWFzdGVyLWtleS0wMTIzNDU2Nzg5MDE=";
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
}

TEST_CASE("a rotation to a file that holds no key changes nothing") {
  const CliDatabase db(TestEngine::kSqlite);
  MakeApplication(db);
  const std::string file = db.dir().File("new-key");
  support::WriteFile(file, "too short");
  db.Refuses({"key", "rotate", "--new-key-file", file}, "holds no master key");
  db.Refuses({"key", "rotate", "--new-key-file", db.dir().File("none")}, "cannot be read");
  db.Json({"app", "rotate-secret", "1"});
}

}  // namespace
}  // namespace multihub::functional
