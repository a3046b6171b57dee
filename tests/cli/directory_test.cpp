#include "support/cli_runs.h"

namespace multihub::functional {
namespace {

using support::RunResult;

std::string Text(const nlohmann::json& value) { return value.get<std::string>(); }

TEST_CASE("merchants, applications and routes are created, shown and switched on both engines") {
  const CliDatabase db(EachEngine());
  db.Json({"migrate"});
  CHECK(db.Json({"merchant", "create", "--name", "Caf\xc3\xa9 Example"})["merchant_id"] == 1);
  CHECK(db.Json({"merchant", "create", "--name", "Other", "--id", "7"})["merchant_id"] == 7);
  CHECK(db.Json({"merchant", "create", "--name", "Next"})["merchant_id"] == 8);
  db.Refuses({"merchant", "create", "--name", "Other", "--id", "7"}, "a merchant 7 already");
  CHECK(db.Json({"merchant", "list"})["merchants"][0]["name"] == "Caf\xc3\xa9 Example");
  CHECK(db.Json({"merchant", "disable", "7"})["enabled"] == false);
  CHECK(db.Json({"merchant", "list"})["merchants"][1]["enabled"] == false);
  db.Refuses({"merchant", "disable", "99"}, "no merchant 99");

  CHECK(db.Json({"app", "create", "--merchant", "1", "--test"})["application_id"] == 1);
  CHECK(db.Json({"app", "create", "--merchant", "1", "--id", "50"})["test"] == false);
  db.Refuses({"app", "create", "--merchant", "99"}, "no merchant 99");
  db.Refuses({"app", "create", "--merchant", "1", "--id", "50"}, "an application 50 already");
  CHECK(db.Json({"app", "set", "1", "--strict-identifiers", "on"})["strict_identifiers"] == true);
  CHECK(db.Json({"app", "allow-ip", "1", "192.0.2.7/24", "2001:DB8::1"})["addresses"] ==
        nlohmann::json({"192.0.2.0/24", "2001:db8::1/128"}));
  db.Refuses({"app", "allow-ip", "1", "192.0.2.300"}, "192.0.2.300");
  db.Refuses({"app", "allow-ip", "99", "192.0.2.1"}, "no application 99");
  CHECK(db.Json({"app", "disable", "50"})["enabled"] == false);
  const nlohmann::json shown = db.Json({"app", "show", "1"});
  CHECK(shown["strict_identifiers"] == true);
  CHECK(shown["addresses"].size() == 2);

  db.Json({"service",    "create",      "--id",     "14701",    "--direction", "in",
           "--currency", "INR",         "--method", "upi",      "--provider",  "simulator",
           "--min",      "100",         "--max",    "10000000", "--upi-payee", "shop@examplebank",
           "--upi-name", "Example Shop"});
  db.Json({"service",     "create",
           "--id",        "14802",
           "--direction", "out",
           "--currency",  "INR",
           "--method",    "bank_transfer",
           "--provider",  "simulator",
           "--fee-fixed", "500",
           "--fee-bps",   "25",
           "--require",   "receiver.person.first_name",
           "--answer",    "started"});
  db.Refuses({"service", "create", "--id", "14701", "--direction", "in", "--currency", "INR", "--method", "upi",
              "--provider", "simulator"},
             "a service 14701 already");
  CHECK(db.Json({"service", "assign", "--app", "1", "--service", "14701"})["assigned"] == true);
  db.Refuses({"service", "assign", "--app", "50", "--service", "14701"}, "a live application");
  db.Refuses({"service", "assign", "--app", "1", "--service", "1"}, "no service 1");
  const nlohmann::json services = db.Json({"service", "list"})["services"];
  REQUIRE(services.size() == 2);
  CHECK(services[0]["applications"] == nlohmann::json({1}));
  CHECK(services[0]["max"] == 10000000);
  CHECK(services[1]["required"] == nlohmann::json({"receiver.person.first_name"}));
  CHECK(services[1]["answer"] == "started");
  CHECK(services[1]["fee_bps"] == 25);
  CHECK(db.Json({"service", "disable", "14701"})["enabled"] == false);
  CHECK(db.Json({"service", "unassign", "--app", "1", "--service", "14701"})["assigned"] == false);
  db.Refuses({"service", "unassign", "--app", "1", "--service", "14701"}, "is not assigned");

  CHECK(db.Json({"provider", "disable", "simulator"})["enabled"] == false);
  CHECK(db.Json({"provider", "list"})["providers"][0]["enabled"] == false);
  db.Refuses({"provider", "disable", "acme"}, "no provider 'acme'");
  CHECK(db.Json({"currency", "disable", "INR", "--app", "1"})["application_id"] == 1);
  db.Refuses({"currency", "disable", "XQQ"}, "no currency");
}

TEST_CASE("a route that cannot work is refused") {
  const CliDatabase db(TestEngine::kSqlite);
  db.Json({"migrate"});
  struct Row {
    std::vector<std::string> words;
    const char* says;
  };
  const Row rows[] = {
      {{"--min", "0"}, "--min and --max"},
      {{"--min", "10", "--max", "9"}, "--min and --max"},
      {{"--max", "10000000000001"}, "--min and --max"},
      {{"--fee-bps", "10001"}, "--fee-bps"},
      {{"--require", "receiver.person.first_name"}, "--require is for payouts"},
      {{"--upi-payee", "no-handle"}, "--upi-payee"},
  };
  for (const Row& row : rows) {
    std::vector<std::string> words = {"service",    "create", "--id",     "1",   "--direction", "in",
                                      "--currency", "INR",    "--method", "upi", "--provider",  "simulator"};
    words.insert(words.end(), row.words.begin(), row.words.end());
    db.Refuses(words, row.says);
  }
  db.Refuses({"service", "create", "--id", "1", "--direction", "out", "--currency", "INR", "--method", "upi",
              "--provider", "simulator", "--require", "receiver.nothing"},
             "receiver.nothing");
  db.Refuses({"service", "create", "--id", "1", "--direction", "out", "--currency", "INR", "--method", "UPI!",
              "--provider", "simulator"},
             "--method");
  CHECK(db.Json({"service", "list"})["services"].empty());
}

TEST_CASE("secrets are shown once and never again on both engines") {
  const CliDatabase db(EachEngine());
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  std::vector<std::string> secrets;
  const nlohmann::json created = db.Json({"app", "create", "--merchant", "1", "--test"});
  secrets.push_back(Text(created["secret"]));
  secrets.push_back(Text(created["webhook_secret"]));
  CHECK(secrets[0].size() == 43);
  CHECK(secrets[1].substr(0, 6) == "whsec_");
  secrets.push_back(Text(db.Json({"app", "rotate-secret", "1"})["secret"]));
  secrets.push_back(Text(db.Json({"app", "rotate-webhook-secret", "1"})["webhook_secret"]));
  CHECK(std::set<std::string>(secrets.begin(), secrets.end()).size() == 4);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"app", "list"}, {"app", "show", "1"}, {"app", "disable", "1"}, {"config", "print"}}) {
    for (const bool json : {false, true}) {
      std::vector<std::string> call = words;
      if (json) call.push_back("--json");
      const RunResult run = db.Run(call);
      CHECK(run.exit_code == 0);
      for (const std::string& secret : secrets) CHECK_FALSE(Contains(run.out + run.err, secret));
    }
  }
}

TEST_CASE("an existing secret is brought along, and no two applications share one") {
  const CliDatabase db(EachEngine());
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  const std::string file = db.dir().File("secret");
  support::WriteFile(file, "brought-along-secret\n");
  const nlohmann::json created = db.Json({"app", "create", "--merchant", "1", "--secret-file", file});
  CHECK(created["secret"] == "brought-along-secret");
  db.Refuses({"app", "create", "--merchant", "1", "--secret-file", file}, "is used already");
  // As a previous secret it is still taken.
  db.Json({"app", "rotate-secret", "1", "--overlap", "1h"});
  db.Refuses({"app", "create", "--merchant", "1", "--secret-file", file}, "is used already");
  CHECK(db.Json({"app", "list"})["applications"].size() == 1);
  support::WriteFile(file, "short");
  db.Refuses({"app", "create", "--merchant", "1", "--secret-file", file}, "too short");
}

TEST_CASE("a rotation says until when the previous secret works") {
  const CliDatabase db(TestEngine::kSqlite);
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  db.Json({"app", "create", "--merchant", "1"});
  const nlohmann::json with_overlap = db.Json({"app", "rotate-secret", "1", "--overlap", "30m"});
  CHECK(with_overlap["previous_secret_until"].is_string());
  CHECK(db.Json({"app", "show", "1"})["secret_in_use"] == false);
  const nlohmann::json at_once = db.Json({"app", "rotate-secret", "1", "--overlap", "0"});
  CHECK(at_once["previous_secret_until"].is_null());
  CHECK(db.Json({"app", "show", "1"})["secret_in_use"] == true);
  CHECK(db.Json({"app", "show", "1"})["previous_secret_until"].is_null());
  db.Refuses({"app", "rotate-secret", "1", "--overlap", "soon"}, "--overlap must be a duration");
  db.Refuses({"app", "rotate-secret", "9"}, "no application 9");
}

TEST_CASE("commands that touch secrets refuse without the master key, the others do not need it") {
  CliDatabase db(TestEngine::kSqlite);
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  db.master_key = false;
  db.Refuses({"app", "create", "--merchant", "1"}, "There is no master key");
  db.Json({"merchant", "list"});
  db.Json({"app", "list"});
  db.Json({"service", "list"});
  db.master_key = true;
  db.Json({"app", "create", "--merchant", "1"});
  db.env["MULTIHUB_SECURITY_MASTER_KEY"] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
  db.Refuses({"app", "rotate-secret", "1"}, "sealed under master key");
  db.env["MULTIHUB_SECURITY_MASTER_KEY"] = "short";
  db.Refuses({"app", "rotate-secret", "1"}, "32 bytes in base64");
}

TEST_CASE("live applications and private webhook targets exclude each other unless both are wanted") {
  CliDatabase db(TestEngine::kSqlite);
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  db.env["MULTIHUB_WEBHOOKS_ALLOW_PRIVATE_NETWORKS"] = "true";
  db.Refuses({"app", "create", "--merchant", "1"}, "allow_private_networks");
  db.Json({"app", "create", "--merchant", "1", "--test"});
  db.env["MULTIHUB_WEBHOOKS_ALLOW_PRIVATE_NETWORKS_WITH_LIVE"] = "true";
  db.Json({"app", "create", "--merchant", "1"});
  db.env.erase("MULTIHUB_WEBHOOKS_ALLOW_PRIVATE_NETWORKS_WITH_LIVE");
  db.Refuses({"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"}, "allow_private_networks");
}

}  // namespace
}  // namespace multihub::functional
