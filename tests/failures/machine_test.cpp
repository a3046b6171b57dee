// The machine: no descriptors left, a clock that is set.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "failures/small_disk_fixture.h"
#include "failures/steady_load_fixture.h"
#include "support/tcp_client.h"

namespace multihub::failures {
namespace {

using functional::CheckAnswer;
using functional::Deposit;
using functional::EachEngine;
using functional::Eventually;
using functional::kPing;
using functional::Sandbox;
using functional::TestEngine;
using support::Answer;
using support::SignedClient;
using support::TempDir;

std::size_t OpenDescriptors(pid_t pid) {
  const std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(fds), end(fds)));
}

// Clients that connect and stay, if they may.
class Crowd {
 public:
  Crowd(std::uint16_t port, std::size_t count) : clients_(count) {
    for (support::TcpClient& client : clients_) client.Connect("127.0.0.1", port);
  }
  // How many the gateway has closed.
  std::size_t TurnedAway() {
    return static_cast<std::size_t>(std::count_if(clients_.begin(), clients_.end(), [](support::TcpClient& client) {
      return !client.connected() || client.IsClosedByPeer(std::chrono::milliseconds(0));
    }));
  }

 private:
  std::vector<support::TcpClient> clients_;
};

TEST_CASE(
    "failures: more clients than descriptors on both ports: those connected pay on, nothing spins, room is reused") {
  constexpr int kDescriptors = 512;
  rlimit own{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &own) == 0);
  own.rlim_cur = own.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &own) == 0);
  const TempDir program;
  support::GatewayOptions options;
  options.env = functional::FastSandbox();
  options.env["MULTIHUB_LOG_LEVEL"] = "warn";
  options.binary = ProgramWithDescriptors(program, kDescriptors);
  Sandbox sandbox(std::move(options));
  const pid_t pid = sandbox.gateway().pid();
  std::vector<SignedClient> kept;
  for (int i = 0; i < 3; ++i) {
    kept.push_back(sandbox.Client());
    CheckAnswer(kept.back().Call(std::string_view(kPing)), 0);
  }
  {
    // Nothing of the database but what a start needs is open yet.
    Crowd monitoring(sandbox.gateway().ops_port(), 200), merchants(sandbox.gateway().port(), 700);
    CHECK(Eventually([&] { return merchants.TurnedAway() >= 500; }));
    CHECK(Eventually([&] { return monitoring.TurnedAway() >= 150; }));
    CHECK(OpenDescriptors(pid) < kDescriptors);
    std::vector<std::string> paid;
    for (SignedClient& client : kept) {
      for (int n = 0; n < 3; ++n) paid.push_back(TakenDeposit(&client, "paid-" + std::to_string(paid.size())));
    }
    for (const std::string& h_id : paid) functional::AwaitFinal(&kept[0], h_id);
    const double before = support::CpuSeconds(pid);
    const std::size_t logged = sandbox.gateway().log().size();
    std::this_thread::sleep_for(std::chrono::seconds(1));  // the time over which nothing must happen
    CHECK(support::CpuSeconds(pid) - before < 0.5);
    CHECK(sandbox.gateway().log().size() == logged);
  }
  CHECK(Eventually([&] {
    SignedClient client = sandbox.Client();
    return client.Call(std::string_view(kPing)).success();
  }));
  CHECK(BecomesReady(&sandbox));
  functional::CheckAllBecomeFinal(sandbox);
}

// A gateway whose machine's clock can be set while it runs. Only the time of day moves, as when an administrator sets
// it; what measures durations goes on.
class SettableClock {
 public:
  SettableClock() { SetBy(0); }
  std::map<std::string, std::string> Environment() const {
    std::map<std::string, std::string> env = functional::FastSandbox();
    const char* sanitizer = std::getenv("ASAN_OPTIONS");
    env["ASAN_OPTIONS"] = (sanitizer == nullptr ? "" : std::string(sanitizer) + ":") + "verify_asan_link_order=0";
    env["LD_PRELOAD"] = Library();
    env["FAKETIME_TIMESTAMP_FILE"] = dir_.File("offset");
    env["FAKETIME_NO_CACHE"] = "1";
    env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
    return env;
  }
  void SetBy(int seconds) {
    support::WriteFile(dir_.File("next"), (seconds < 0 ? "" : "+") + std::to_string(seconds) + "\n");
    std::filesystem::rename(dir_.File("next"), dir_.File("offset"));
  }

 private:
  static std::string Library() {
    for (const auto& place : std::filesystem::directory_iterator("/usr/lib")) {
      const std::filesystem::path library = place.path() / "faketime" / "libfaketimeMT.so.1";
      if (std::filesystem::exists(library)) return library.string();
    }
    throw std::runtime_error("libfaketime is not installed");
  }

  TempDir dir_;
};

constexpr int kHour = 3600;

std::string CreatedAt(SignedClient* client, const std::string& h_id) {
  const functional::json payment = functional::PaymentIn(client->Call(functional::StatusOf(functional::ById(h_id))));
  return payment["timestamps"]["created"].get<std::string>();
}

// Ten a minute are let through; the next is told when to come again by a clock that nobody sets.
void CheckRateLimit(SignedClient* client) {
  Answer answer;
  for (int n = 0; n <= 10; ++n) answer = client->Call(functional::NotificationOf({{"c_id", "nobody's"}}));
  CheckAnswer(answer, 1000);
  const std::string* retry_after = answer.http.Header("Retry-After");
  REQUIRE(retry_after != nullptr);
  CHECK(std::stoi(*retry_after) <= 60);
}

TEST_CASE("failures: a clock that is set back an hour: payments go on in their order to their ends, not ready") {
  SettableClock clock;
  auto env = clock.Environment();
  env["MULTIHUB_LIMITS_ENABLED"] = "true";
  env["MULTIHUB_LIMITS_PAYMENT_BURST"] = "1000000";
  env["MULTIHUB_LIMITS_READ_BURST"] = "1000000";
  Sandbox sandbox(EachEngine(), env);
  SignedClient client = sandbox.Client();
  const std::string before = TakenDeposit(&client, "before");
  SteadyLoad load(sandbox);
  CHECK(load.Pays());
  clock.SetBy(-kHour);
  const std::string right_after = TakenDeposit(&client, "right after");
  CHECK(BecomesNotReady(&sandbox, "this machine's clock"));
  CHECK(load.Pays());
  const std::string later = TakenDeposit(&client, "later");
  // Ids and times go on upwards.
  CHECK(before < right_after);
  CHECK(right_after < later);
  CHECK(CreatedAt(&client, before) <= CreatedAt(&client, right_after));
  CHECK(CreatedAt(&client, right_after) <= CreatedAt(&client, later));
  // One that its provider does not report is found by asking, which leases and due times decide.
  const std::string asked = functional::IdOf(functional::PaymentIn(client.Call(Deposit(14702, 5007, "INR", "asked"))));
  CHECK(functional::AwaitFinal(&client, asked)["status"]["status"] == "success");
  CheckRateLimit(&client);
  load.EndAndCheck();
  clock.SetBy(0);
  CHECK(BecomesReady(&sandbox));
}

TEST_CASE("failures: a clock that is set forward an hour: payments go on, not ready where the database differs") {
  SettableClock clock;
  Sandbox sandbox(EachEngine(), clock.Environment());
  SignedClient client = sandbox.Client();
  const std::string before = TakenDeposit(&client, "before");
  SteadyLoad load(sandbox);
  CHECK(load.Pays());
  clock.SetBy(kHour);
  const std::string right_after = TakenDeposit(&client, "right after");
  if (sandbox.engine() == TestEngine::kMysql) CHECK(BecomesNotReady(&sandbox, "this machine's clock"));
  CHECK(load.Pays());
  CHECK(before < right_after);
  load.EndAndCheck();
  // On SQLite there is no other clock than this one, and the new time is as good as the old.
  if (sandbox.engine() == TestEngine::kMysql) clock.SetBy(0);
  CHECK(BecomesReady(&sandbox));
}

}  // namespace
}  // namespace multihub::failures
