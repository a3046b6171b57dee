#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "support/temp_dir.h"

using namespace multihub::support;
using namespace std::chrono_literals;

namespace {

SpawnOptions Shell(const std::string& script) {
  SpawnOptions options;
  options.argv = {"sh", "-c", script};
  return options;
}

bool Exists(pid_t pid) { return ::kill(pid, 0) == 0; }

// For a process that is not ours to wait for.
bool GoneWithin(pid_t pid, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < deadline) {
    // Reaping an orphan is up to whoever inherits it: a zombie is dead enough.
    std::string state = "Z";
    try {
      const std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
      state = stat.substr(stat.rfind(')') + 2, 1);
    } catch (const std::runtime_error&) {
      return true;
    }
    if (state == "Z" || state == "X") return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

}  // namespace

TEST_CASE("a program's exit code and both outputs are told apart") {
  const RunResult result = Run(Shell("echo out; echo err >&2; exit 7"));
  CHECK(result.exit_code == 7);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
}

TEST_CASE("a program reads the given input and environment in the given directory") {
  TempDir dir;
  ::setenv("MULTIHUB_SELFTEST_DROPPED", "x", 1);
  SpawnOptions options = Shell("pwd; cat; echo \"$GIVEN:${MULTIHUB_SELFTEST_DROPPED-none}\"");
  options.cwd = dir.path();
  options.stdin_text = std::string(200000, 'x') + "\n";
  options.env["GIVEN"] = "value";
  options.drop_env_prefix = "MULTIHUB_";
  const RunResult result = Run(options);
  CHECK(result.out == dir.path() + "\n" + options.stdin_text + "value:none\n");
}

TEST_CASE("a program that cannot be run is reported with the reason") {
  SpawnOptions options;
  options.argv = {"/nonexistent/program"};
  CHECK_THROWS_WITH(ChildProcess(options), Catch::Contains("No such file"));
}

TEST_CASE("a line is found while the program still runs, and given up when it has ended") {
  ChildProcess child(Shell("echo one; echo two three; read -r line < /dev/null; exec sleep 1000"));
  const auto line = child.WaitForLine(Stream::kStdout, "two", 30s);
  REQUIRE(line.has_value());
  CHECK(*line == "two three");
  CHECK(child.running());
  CHECK(child.Signal(SIGTERM));
  const auto status = child.WaitExit(30s);
  REQUIRE(status.has_value());
  CHECK(status->signal == SIGTERM);
  CHECK(status->code == -1);
  CHECK_FALSE(child.Signal(SIGTERM));
  CHECK_FALSE(child.WaitForLine(Stream::kStdout, "never written", 10min).has_value());
}

TEST_CASE("waiting for the end of a running program gives up at the deadline") {
  ChildProcess child(Shell("exec sleep 1000"));
  CHECK_FALSE(child.WaitExit(20ms).has_value());
}

TEST_CASE("a child is killed and reaped with its owner, also when it is stopped") {
  pid_t pid = 0;
  {
    ChildProcess child(Shell("exec sleep 1000"));
    pid = child.pid();
    child.Signal(SIGSTOP);
    REQUIRE(Exists(pid));
  }
  CHECK_FALSE(Exists(pid));
  CHECK(errno == ESRCH);
}

TEST_CASE("a child inherits no descriptor, not even one without the close-on-exec flag") {
  const int fd = ::open("/dev/null", O_RDONLY);
  REQUIRE(fd > 2);
  SpawnOptions options;
  options.argv = {"find", "/proc/self/fd", "-mindepth", "1", "-lname", "/dev/null", "-printf", "%f "};
  const RunResult result = Run(options);
  ::close(fd);
  CHECK(result.out == "0 ");  // its own standard input
}

TEST_CASE("a child outlives the thread that started it") {
  std::unique_ptr<ChildProcess> child;
  std::thread([&] { child = std::make_unique<ChildProcess>(Shell("exec sleep 1000")); }).join();
  CHECK_FALSE(child->WaitExit(100ms).has_value());
}

TEST_CASE("(not a test: the parent of the next one) start a child, say its number, die", "[.][orphan]") {
  static ChildProcess child(Shell("exec sleep 1000"));
  std::printf("child %d\n", static_cast<int>(child.pid()));
  std::fflush(stdout);
  ::raise(SIGKILL);
}

TEST_CASE("a child dies when the test program is killed") {
  SpawnOptions options;
  options.argv = {"/proc/self/exe", "[orphan]"};
  char self[4096];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
  REQUIRE(length > 0);
  options.argv[0].assign(self, static_cast<std::size_t>(length));
  ChildProcess parent(options);
  const auto line = parent.WaitForLine(Stream::kStdout, "child ", 60s);
  REQUIRE(line.has_value());
  REQUIRE(parent.WaitExit(60s).has_value());
  CHECK(GoneWithin(std::stoi(line->substr(6)), 30s));
}

TEST_CASE("many threads start and end programs side by side") {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&right, i] {
      for (int n = 0; n < 5; ++n) {
        if (Run(Shell("exit " + std::to_string(i))).exit_code == i) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 40);
}
