// The database's disk: full, not to be written to, damaged.
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "failures/small_disk_fixture.h"
#include "failures/steady_load_fixture.h"

namespace multihub::failures {
namespace {

using functional::CheckAnswer;
using functional::CheckRefusal;
using functional::Contains;
using functional::Deposit;
using functional::Eventually;
using functional::json;
using functional::kPing;
using functional::Sandbox;
using functional::StatusOf;
using support::Answer;
using support::GatewayOptions;
using support::MariadbServer;
using support::RunResult;
using support::SignedClient;
using support::TempDir;

GatewayOptions OnFile(const std::string& file) {
  GatewayOptions options;
  options.env = functional::FastSandbox();
  options.env["MULTIHUB_OPS_MIN_FREE_MB"] = "1";
  options.database_url = "sqlite://" + file;
  return options;
}

// What needs no room goes on.
void CheckReads(Sandbox* sandbox, const std::string& h_id) {
  SignedClient client = sandbox->Client();
  CheckAnswer(client.Call(std::string_view(kPing)), 0);
  CheckAnswer(client.Call(StatusOf(functional::ById(h_id))), 0);
  CheckAnswer(client.Call(json{{"method", "balance.get"}}), 0);
}

TEST_CASE("failures: on a full disk SQLite's payments are answered 2000, reads go on, and room is all it takes") {
  SmallDisk disk(128);  // far more than the write-ahead log takes
  Sandbox sandbox(OnFile(disk.File("hub.db")));
  SignedClient client = sandbox.Client();
  const std::string known = TakenDeposit(&client, "known");
  SteadyLoad load(sandbox);
  CHECK(load.Pays());
  disk.Fill();
  CHECK(load.IsRefused());
  CHECK(BecomesNotReady(&sandbox, "the database's disk has 0 MB left, and ops.min_free_mb is 1"));
  CHECK(Alerts(&sandbox, "database_full") > 0);
  CheckReads(&sandbox, known);
  // Repeating a call that was refused is safe, and refused again.
  CheckAnswer(client.Call(Deposit(14702, 5000, "INR", "again")), 2000);
  CheckAnswer(client.Call(Deposit(14702, 5000, "INR", "again")), 2000);
  disk.MakeRoom();
  CHECK(load.Pays());
  CHECK(BecomesReady(&sandbox));
  CheckAnswer(client.Call(Deposit(14702, 5000, "INR", "again")), 0);
  load.EndAndCheck();
}

TEST_CASE("failures: a gateway is not started on a full disk, and is when there is room again") {
  SmallDisk disk(4);
  const std::string url = "sqlite://" + disk.File("hub.db");
  {
    Sandbox sandbox(OnFile(disk.File("hub.db")));
    CHECK(sandbox.gateway().Terminate() == 0);
  }
  disk.Fill();
  const std::vector<std::string> serve = {"serve",        "--sandbox",   "--listen",   "127.0.0.1:0",
                                          "--ops-listen", "127.0.0.1:0", "--database", url};
  CheckRefusal(support::RunCli(serve), "has no room left on its disk");
  disk.MakeRoom();
  Sandbox sandbox(OnFile(disk.File("hub.db")));
  SignedClient client = sandbox.Client();
  TakenDeposit(&client, "with room");
}

TEST_CASE("failures: on a full disk of its server a gateway answers 2000 until there is room and the server runs") {
  SmallDisk disk(640);
  std::unique_ptr<MariadbServer> server;
  {
    const TempRootIn on_it(disk.path());
    server = std::make_unique<MariadbServer>();
  }
  Sandbox sandbox(server.get());
  SteadyLoad load(sandbox, 4);
  CHECK(load.Pays());
  disk.Fill();
  CHECK(load.IsRefused());
  // What it is told depends on whether InnoDB says so first or ends first.
  disk.MakeRoom();
  // InnoDB ends, now or later, when there was something that it had to write and could not: started as by its
  // supervisor.
  server->Kill9();
  server->Start();
  CHECK(load.Pays());
  // Ended first: it would fill the disk in earnest.
  load.EndAndCheck();
  CHECK(BecomesReady(&sandbox));
}

// Of a running process: the file system refuses to let a file grow, or to write at all.
void RefuseWrites(Sandbox* sandbox, bool refuse) {
  rlimit limit{};
  REQUIRE(::prlimit(sandbox->gateway().pid(), RLIMIT_FSIZE, nullptr, &limit) == 0);
  limit.rlim_cur = refuse ? 1 : limit.rlim_max;
  REQUIRE(::prlimit(sandbox->gateway().pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
}

TEST_CASE("failures: when the file system begins to refuse writes payments are answered 2000 until it takes them") {
  GatewayOptions options;
  options.env = functional::FastSandbox();
  Sandbox sandbox(std::move(options));
  SignedClient client = sandbox.Client();
  const std::string known = TakenDeposit(&client, "known");
  SteadyLoad load(sandbox);
  CHECK(load.Pays());
  RefuseWrites(&sandbox, true);
  CHECK(load.IsRefused());
  CHECK(Alerts(&sandbox, "database_not_writable") > 0);
  CheckReads(&sandbox, known);
  RefuseWrites(&sandbox, false);
  CHECK(load.Pays());
  load.EndAndCheck();
}

TEST_CASE("failures: a server that has become read-only is asked again until it writes") {
  MariadbServer server;
  Sandbox sandbox(&server);
  SignedClient client = sandbox.Client();
  const std::string known = TakenDeposit(&client, "known");
  SteadyLoad load(sandbox);
  CHECK(load.Pays());
  server.Query("SET GLOBAL read_only = 1");
  CHECK(load.IsRefused());
  CHECK(Alerts(&sandbox, "database_not_writable") > 0);
  CheckReads(&sandbox, known);
  server.Query("SET GLOBAL read_only = 0");
  CHECK(load.Pays());
  load.EndAndCheck();
}

std::vector<std::string> Serve(const std::string& file) {
  return {"serve",        "--sandbox",   "--listen",   "127.0.0.1:0",
          "--ops-listen", "127.0.0.1:0", "--database", "sqlite://" + file};
}

TEST_CASE("failures: a gateway is not started on a file that it may not write to") {
  const std::string words = "cannot be read and written";
  {
    SmallDisk disk(8);
    { Sandbox made(OnFile(disk.File("hub.db"))); }
    disk.BecomeReadOnly();
    CheckRefusal(support::RunCli(Serve(disk.File("hub.db"))), words);
  }
  const TempDir dir;
  const std::string file = dir.File("hub.db");
  {
    Sandbox made(OnFile(file));
    CHECK(made.gateway().Terminate() == 0);
  }
  support::CliCall call;
  call.args = Serve(file);
  const TempDir program;
  call.binary = ProgramStoppedByModes(program);
  ::chmod(file.c_str(), 0444);
  CheckRefusal(support::RunCli(call), words);
  ::chmod(file.c_str(), 0000);
  CheckRefusal(support::RunCli(call), words);
  ::chmod(file.c_str(), 0600);
  // Beside the file stand those of its log.
  ::chmod(dir.path().c_str(), 0555);
  CheckRefusal(support::RunCli(call), words);
  ::chmod(dir.path().c_str(), 0755);
  Sandbox again(OnFile(file));
}

// Overwrites the beginning of a page, where SQLite keeps how to read it.
void Damage(const std::string& file, std::int64_t page, std::int64_t page_size) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp((page - 1) * page_size);
  stream << std::string(16, '\xff');
  stream.close();
  REQUIRE(stream);
}

TEST_CASE("failures: a damaged page of SQLite fails those it belongs to alone, is told, and a backup brings all back") {
  const TempDir dir;
  const std::string file = dir.File("hub.db"), copy = dir.File("copy.db");
  Sandbox sandbox(OnFile(file));
  std::vector<std::string> known;
  {
    SignedClient client = sandbox.Client();
    for (int n = 0; n < 200; ++n) known.push_back(TakenDeposit(&client, "known-" + std::to_string(n)));
    functional::CheckAllBecomeFinal(sandbox);
  }
  sandbox.Cli({"backup", copy});
  CHECK(sandbox.gateway().Terminate() == 0);
  const std::int64_t page_size = std::stoll(sandbox.Sql("PRAGMA page_size").at(0).at(0));
  const auto leaves =
      sandbox.Sql("SELECT pageno FROM dbstat WHERE name = 'payments' AND pagetype = 'leaf' ORDER BY path");
  REQUIRE(leaves.size() >= 4);
  Damage(file, std::stoll(leaves[1].at(0)), page_size);

  sandbox.gateway().Restart();
  SignedClient client = sandbox.Client();
  std::size_t lost = 0;
  for (const std::string& h_id : known) {
    const Answer answer = client.Call(StatusOf(functional::ById(h_id)));
    if (answer.code() == 2000) ++lost;
    CheckAnswer(answer, answer.code() == 2000 ? 2000 : 0);
  }
  CHECK(lost > 0);
  CHECK(lost < known.size() / 2);
  CHECK(Alerts(&sandbox, "database_damaged") == 1);  // and not one for each call
  CHECK(Contains(sandbox.gateway().log(), "\"alert\":\"database_damaged\""));
  // Payments go on, to their ends.
  const std::string fresh = TakenDeposit(&client, "fresh");
  functional::AwaitFinal(&client, fresh);
  CHECK(BecomesReady(&sandbox));
  CheckRefusal(sandbox.Run({"ledger", "verify"}), "is damaged");
  CheckRefusal(sandbox.Run({"backup", dir.File("second.db")}), "is damaged");

  // As docs/operations.md says.
  CHECK(sandbox.gateway().Terminate() == 0);
  std::filesystem::rename(copy, file);
  for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(file + beside);
  std::string why;
  CHECK(sandbox.LedgerIsSound(&why));
  sandbox.gateway().Restart();
  SignedClient later = sandbox.Client();
  for (const std::string& h_id : known) CheckAnswer(later.Call(StatusOf(functional::ById(h_id))), 0);
}

TEST_CASE("failures: a gateway is not started on a file that is damaged where it begins") {
  const TempDir dir;
  const std::string file = dir.File("hub.db");
  std::int64_t applications = 0;
  {
    Sandbox made(OnFile(file));
    CHECK(made.gateway().Terminate() == 0);
    applications = std::stoll(made.Sql("SELECT rootpage FROM sqlite_master WHERE name = 'applications'").at(0).at(0));
  }
  const std::string sound = support::ReadFile(file);
  // The header; what is read of every application before there can be a call.
  for (const std::int64_t page : {std::int64_t{1}, applications}) {
    INFO(page);
    support::WriteFile(file, sound);
    Damage(file, page, 4096);
    CheckRefusal(support::RunCli(Serve(file)), "is damaged, or no database at all");
  }
  support::WriteFile(file, std::string(8192, 'x'));
  CheckRefusal(support::RunCli(Serve(file)), "is damaged, or no database at all");
  support::WriteFile(file, sound);
  Sandbox again(OnFile(file));
}

}  // namespace
}  // namespace multihub::failures
