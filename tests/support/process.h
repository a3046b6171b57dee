// Child processes of tests: started without our descriptors, read while they run, never left behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace multihub::support {

struct SpawnOptions {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH unless it holds a slash
  std::map<std::string, std::string> env;  // added to our own environment, replacing
  std::string drop_env_prefix;             // variables of ours that start so are not handed on; empty: all are
  std::string cwd;                         // empty: ours
  std::string stdin_text;                  // what the child reads; then end of file
  std::string run_as;                      // user to become; only with root's rights. Empty: stay who we are
  bool discard_stdout = false;             // to /dev/null instead of the capture
};

struct ExitStatus {
  int code = -1;   // exit code; -1 when a signal ended it
  int signal = 0;  // the signal that ended it; 0 when it exited by itself
};

enum class Stream { kStdout, kStderr };

// One child. All members may be called from any thread. The child gets no descriptor but 0, 1 and 2, default signal
// handling, and dies by SIGKILL when this process dies, however that happens.
class ChildProcess {
 public:
  // Returns when the program runs. Throws std::runtime_error with the reason when it cannot be executed.
  explicit ChildProcess(SpawnOptions options);
  // SIGKILL if still running, then reaped.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const;
  bool running() const;
  // False when the child has ended already (nobody else is ever signalled).
  bool Signal(int signal);
  // nullopt when it still runs after `timeout`.
  std::optional<ExitStatus> WaitExit(std::chrono::milliseconds timeout);

  // Everything the child wrote to the stream until now; files without a name hold it, so any amount is fine.
  std::string Output(Stream stream) const;
  // The first complete line that contains `part`, without its newline, waiting for it. nullopt when `timeout` passed
  // or the child ended without writing one.
  std::optional<std::string> WaitForLine(Stream stream, std::string_view part, std::chrono::milliseconds timeout);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct RunResult {
  int exit_code = -1;  // -1 when a signal ended it or it was killed at the deadline
  std::string out;
  std::string err;
};

// Runs a program to its end; kills it at the deadline.
RunResult Run(SpawnOptions options, std::chrono::milliseconds timeout = std::chrono::minutes(2));

// Processor time that a process has used, of all its threads, in seconds.
double CpuSeconds(pid_t pid);

}  // namespace multihub::support
