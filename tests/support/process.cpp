#include "support/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <queue>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/fd.h"
#include "support/temp_dir.h"

extern char** environ;

namespace multihub::support {
namespace {

using Milliseconds = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// How often an output file is looked at while waiting for a line: files cannot be waited for.
constexpr Milliseconds kOutputPoll{2};

// All forks of the process are made by one thread that never ends: the parent-death signal fires when the *thread*
// that forked is gone, not only when the process is.
class ForkThread {
 public:
  static ForkThread& Instance() {
    static ForkThread* instance = new ForkThread;
    return *instance;
  }

  void Do(const std::function<void()>& work) {
    std::unique_lock lock(mutex_);
    bool done = false;
    queue_.push([&] {
      work();
      std::lock_guard finished(mutex_);
      done = true;
      changed_.notify_all();
    });
    changed_.notify_all();
    changed_.wait(lock, [&] { return done; });
  }

 private:
  ForkThread() {
    std::thread([this] { Loop(); }).detach();
  }

  [[noreturn]] void Loop() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !queue_.empty(); });
        work = std::move(queue_.front());
        queue_.pop();
      }
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::function<void()>> queue_;
};

[[noreturn]] void ThrowErrno(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

Fd UnnamedFile() {
  std::string pattern = TempRoot() + "/multihub-output-XXXXXX";
  Fd fd(::mkostemp(pattern.data(), O_CLOEXEC | O_APPEND));
  if (fd.get() < 0) ThrowErrno("cannot create " + pattern);
  ::unlink(pattern.c_str());
  return fd;
}

Fd OpenNull() {
  Fd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (fd.get() < 0) ThrowErrno("cannot open /dev/null");
  return fd;
}

Fd StdinFile(const std::string& text) {
  if (text.empty()) return OpenNull();
  Fd fd = UnnamedFile();
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(fd.get(), text.data() + written, text.size() - written);
    if (n < 0) ThrowErrno("cannot write the child's input");
    written += static_cast<std::size_t>(n);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::vector<std::string> Environment(const SpawnOptions& options) {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const bool dropped = !options.drop_env_prefix.empty() && text.rfind(options.drop_env_prefix, 0) == 0;
    if (!dropped && options.env.count(text.substr(0, text.find('='))) == 0) result.push_back(text);
  }
  for (const auto& [name, value] : options.env) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> result;
  for (std::string& text : *texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Everything the child needs between fork and exec, ready, since it may not allocate there.
struct Plan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* cwd = nullptr;
  bool change_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  int in = -1, out = -1, err = -1;
  int report = -1;
  pid_t parent = 0;
};

[[noreturn]] void ReportAndExit(int fd) {
  const int error = errno;
  if (::write(fd, &error, sizeof error) < 0) ::_exit(126);
  ::_exit(127);
}

[[noreturn]] void RunChild(const Plan& plan) {
  constexpr int kReportFd = 3;
  if (::dup2(plan.in, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0) ReportAndExit(plan.report);
  if (plan.report != kReportFd && ::dup3(plan.report, kReportFd, O_CLOEXEC) < 0) ReportAndExit(plan.report);
  ::syscall(SYS_close_range, kReportFd + 1, ~0U, 0);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // Raw calls: the C library's versions talk to threads that do not exist here.
  if (plan.change_user && (::syscall(SYS_setgroups, 1, &plan.gid) < 0 || ::syscall(SYS_setgid, plan.gid) < 0 ||
                           ::syscall(SYS_setuid, plan.uid) < 0)) {
    ReportAndExit(kReportFd);
  }
  // After the change of user, which clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(125);
  if (plan.cwd != nullptr && ::chdir(plan.cwd) < 0) ReportAndExit(kReportFd);
  ::execvpe(plan.argv[0], plan.argv.data(), plan.envp.data());
  ReportAndExit(kReportFd);
}

}  // namespace

struct ChildProcess::State {
  pid_t pid = -1;
  Fd out, err;
  mutable std::mutex mutex;
  std::condition_variable ended;
  std::optional<ExitStatus> status;
  std::thread waiter;

  void Wait();
};

void ChildProcess::State::Wait() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  // Reaped under the lock, so that Signal never reaches a stranger under the same number.
  std::lock_guard lock(mutex);
  int raw = 0;
  ::waitpid(pid, &raw, 0);
  ExitStatus result;
  if (WIFEXITED(raw)) result.code = WEXITSTATUS(raw);
  if (WIFSIGNALED(raw)) result.signal = WTERMSIG(raw);
  status = result;
  ended.notify_all();
}

ChildProcess::ChildProcess(SpawnOptions options) : state_(std::make_unique<State>()) {
  std::vector<std::string> environment = Environment(options);
  const Fd in = StdinFile(options.stdin_text);
  const Fd null = OpenNull();
  state_->out = UnnamedFile();
  state_->err = UnnamedFile();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) ThrowErrno("cannot create a pipe");
  const Fd report_read(ends[0]);
  Fd report_write(ends[1]);

  Plan plan;
  plan.argv = Pointers(&options.argv);
  plan.envp = Pointers(&environment);
  plan.cwd = options.cwd.empty() ? nullptr : options.cwd.c_str();
  plan.in = in.get();
  plan.out = options.discard_stdout ? null.get() : state_->out.get();
  plan.err = state_->err.get();
  plan.report = report_write.get();
  plan.parent = ::getpid();
  if (!options.run_as.empty()) {
    const passwd* user = ::getpwnam(options.run_as.c_str());
    if (user == nullptr) throw std::runtime_error("no such user: " + options.run_as);
    plan.change_user = true;
    plan.uid = user->pw_uid;
    plan.gid = user->pw_gid;
  }

  ForkThread::Instance().Do([&] {
    state_->pid = ::fork();
    if (state_->pid == 0) RunChild(plan);
  });
  if (state_->pid < 0) ThrowErrno("cannot fork");
  report_write.Reset();
  state_->waiter = std::thread([state = state_.get()] { state->Wait(); });

  int error = 0;
  if (::read(report_read.get(), &error, sizeof error) == sizeof error) {
    state_->waiter.join();
    throw std::runtime_error("cannot run " + options.argv[0] + ": " + std::strerror(error));
  }
}

ChildProcess::~ChildProcess() {
  Signal(SIGKILL);
  state_->waiter.join();
}

pid_t ChildProcess::pid() const { return state_->pid; }

bool ChildProcess::running() const {
  std::lock_guard lock(state_->mutex);
  return !state_->status.has_value();
}

bool ChildProcess::Signal(int signal) {
  std::lock_guard lock(state_->mutex);
  if (state_->status.has_value()) return false;
  return ::kill(state_->pid, signal) == 0;
}

std::optional<ExitStatus> ChildProcess::WaitExit(Milliseconds timeout) {
  std::unique_lock lock(state_->mutex);
  state_->ended.wait_for(lock, timeout, [&] { return state_->status.has_value(); });
  return state_->status;
}

std::string ChildProcess::Output(Stream stream) const {
  const int fd = stream == Stream::kStdout ? state_->out.get() : state_->err.get();
  std::string result;
  struct stat info {};
  if (::fstat(fd, &info) < 0) return result;
  result.resize(static_cast<std::size_t>(info.st_size));
  std::size_t have = 0;
  while (have < result.size()) {
    const ssize_t n = ::pread(fd, result.data() + have, result.size() - have, static_cast<off_t>(have));
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  result.resize(have);
  return result;
}

std::optional<std::string> ChildProcess::WaitForLine(Stream stream, std::string_view part, Milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  for (;;) {
    const bool was_running = running();
    const std::string output = Output(stream);
    std::size_t begin = 0;
    for (std::size_t end; (end = output.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string_view line = std::string_view(output).substr(begin, end - begin);
      if (line.find(part) != std::string_view::npos) return std::string(line);
    }
    if (!was_running || SteadyClock::now() >= deadline) return std::nullopt;
    WaitExit(kOutputPoll);
  }
}

RunResult Run(SpawnOptions options, Milliseconds timeout) {
  ChildProcess child(std::move(options));
  std::optional<ExitStatus> status = child.WaitExit(timeout);
  if (!status.has_value()) {
    child.Signal(SIGKILL);
    child.WaitExit(std::chrono::minutes(1));
  }
  RunResult result;
  if (status.has_value()) result.exit_code = status->code;
  result.out = child.Output(Stream::kStdout);
  result.err = child.Output(Stream::kStderr);
  return result;
}

double CpuSeconds(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace multihub::support
