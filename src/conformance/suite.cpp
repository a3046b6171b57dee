#include "multihub/conformance/suite.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/case_loader.h"
#include "conformance/case_run.h"
#include "conformance/coverage.h"
#include "conformance/outgoing.h"
#include "conformance/whole_file.h"
#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/net/url.h"

namespace multihub::conformance {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr const char* kEndpointPath = "/public/api/multihub/v1";

// '*' stands for any characters, none too.
bool Fits(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*') return !text.empty() && pattern[0] == text[0] && Fits(pattern.substr(1), text.substr(1));
  const std::string_view rest = pattern.substr(
      pattern.find_first_not_of('*') == std::string_view::npos ? pattern.size() : pattern.find_first_not_of('*'));
  if (rest.empty()) return true;
  for (std::size_t skip = 0; skip <= text.size(); ++skip) {
    if (Fits(rest, text.substr(skip))) return true;
  }
  return false;
}

base::Result<std::vector<Case>, std::string> SelectCases(const SuiteOptions& options) {
  auto all = LoadAllCases(options.cases_directory);
  if (!all.ok()) return base::Fail(all.error());
  std::vector<Case> selected;
  for (Case& one : all.value()) {
    if (options.profile == Profile::kMerchant && one.profile != Profile::kMerchant) continue;
    if (!options.only.empty() && !Fits(options.only, one.id)) continue;
    selected.push_back(std::move(one));
  }
  if (selected.empty()) return base::Fail("No case of this profile fits the pattern '" + options.only + "'.");
  return selected;
}

base::Result<World, std::string> WorldOf(const SuiteOptions& options) {
  if (!options.services_file.empty()) {
    const auto text = ReadWholeFile(options.services_file);
    if (!text) return base::Fail("The services file " + options.services_file + " cannot be read.");
    return ReadWorld(options.services_file, *text);
  }
  if (options.profile == Profile::kSandbox) return SandboxWorld();
  return World{};
}

std::string RunId(base::Random& random) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string id = "qa";
  for (int i = 0; i < 10; ++i) id += letters[random.Below(letters.size())];
  return id;
}

base::Result<std::unique_ptr<RunContext>, std::string> MakeContext(const SuiteOptions& options) {
  const auto url = net::ParseUrl(options.url);
  if (!url.ok()) return base::Fail("--url " + url.error() + ".");
  if (url->has_userinfo || url->has_fragment || !url->query.empty()) {
    return base::Fail(std::string("--url must have no user information, query or fragment."));
  }
  auto world = WorldOf(options);
  if (!world.ok()) return base::Fail(world.error());
  std::string host = url->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  auto target = Target::Resolve(host, url->port, url->scheme == "https", options.ca_file);
  if (!target.ok()) return base::Fail("The gateway at " + options.url + " cannot be called: " + target.error() + ".");
  auto context = std::make_unique<RunContext>(std::move(target).value());
  const bool usual_port = url->port == (url->scheme == "https" ? 443 : 80);
  context->host = url->host + (usual_port ? "" : ":" + std::to_string(url->port));
  context->endpoint = url->path == "/" ? kEndpointPath : url->path;
  if (context->endpoint.ends_with(kEndpointPath)) {
    context->prefix = context->endpoint.substr(0, context->endpoint.size() - std::string_view(kEndpointPath).size());
  }
  context->world = std::move(world).value();
  context->callers = context->world.applications;
  context->callers["app1"] = options.app;
  if (options.app2) context->callers["app2"] = *options.app2;
  context->run_id = RunId(base::SystemRandomInstance());
  context->direct = options.direct;
  context->timeout_ms = options.timeout_ms;
  // Microseconds since 1970: no run comes near the numbers of another.
  context->first_number = base::SystemClock().NowMs() * 1000;
  context->next_number = context->first_number;
  return context;
}

// Sets what the context needs to know about webhooks.
base::Result<std::unique_ptr<Listener>, std::string> MakeListener(const SuiteOptions& options, RunContext* context) {
  if (options.webhook_url.empty() && !context->target.IsLoopback()) {
    context->no_listener = "the gateway cannot reach this runner's listener (see --webhook-url)";
    return std::unique_ptr<Listener>();
  }
  auto listener = Listener::Start(options.webhook_listen.empty() ? "127.0.0.1:0" : options.webhook_listen);
  if (!listener.ok()) return base::Fail("--webhook-listen: " + listener.error() + ".");
  context->listener = listener.value().get();
  context->webhook_url =
      options.webhook_url.empty() ? "http://127.0.0.1:" + std::to_string((*listener)->port()) : options.webhook_url;
  while (context->webhook_url.ends_with('/')) context->webhook_url.pop_back();
  return std::move(listener).value();
}

// Cases on several threads, those that wait longest first, and none beside another that holds the same lock.
class Schedule {
 public:
  Schedule(const std::vector<Case>& cases, std::vector<CaseResult>* results, RunContext* context,
           SteadyClock::time_point until)
      : cases_(cases), results_(*results), context_(*context), until_(until) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      if (!cases[i].last && !cases[i].watch) waiting_.push_back(i);
    }
    std::stable_sort(waiting_.begin(), waiting_.end(),
                     [this](std::size_t a, std::size_t b) { return Patience(a) > Patience(b); });
  }

  void RunAll(int workers) {
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back([this] { Work(); });
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (cases_[i].last) RunOne(i);
    }
  }

 private:
  std::int64_t Patience(std::size_t index) const {
    std::int64_t sum = 0;
    for (const Step& step : cases_[index].steps) sum += step.poll_ms;
    return sum;
  }

  bool IsFree(std::size_t index) const {
    return std::none_of(cases_[index].locks.begin(), cases_[index].locks.end(),
                        [this](const std::string& lock) { return held_.count(lock) > 0; });
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (!waiting_.empty()) {
      const auto next = std::find_if(waiting_.begin(), waiting_.end(), [this](std::size_t i) { return IsFree(i); });
      if (next == waiting_.end()) {
        freed_.wait(lock);
        continue;
      }
      const std::size_t index = *next;
      waiting_.erase(next);
      held_.insert(cases_[index].locks.begin(), cases_[index].locks.end());
      lock.unlock();
      RunOne(index);
      lock.lock();
      for (const std::string& name : cases_[index].locks) held_.erase(name);
      freed_.notify_all();
    }
    freed_.notify_all();
  }

  void RunOne(std::size_t index) {
    CaseResult& result = results_[index];
    const auto begin = SteadyClock::now();
    if (context_.silent_in_a_row >= kSilentCalls) {
      result.reasons = {"the gateway has stopped answering"};
    } else if (begin >= until_) {
      result.reasons = {"the time of the run is over"};
    } else {
      RunCase(cases_[index], &context_, &result);
    }
    result.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin).count();
  }

  const std::vector<Case>& cases_;
  std::vector<CaseResult>& results_;
  RunContext& context_;
  const SteadyClock::time_point until_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::size_t> waiting_;
  std::set<std::string> held_;
};

CaseResult ResultOf(const Case& one, const SuiteOptions& options) {
  CaseResult result;
  result.id = one.id;
  result.title = one.title;
  result.clause = one.clause;
  result.contract = one.contract;
  result.counted = options.contract == Contract::kHouse || one.contract == Contract::kPublished;
  const std::set<int> codes = one.Codes();
  result.codes = {codes.begin(), codes.end()};
  return result;
}

void JudgeWatches(const std::vector<Case>& cases, const std::vector<Observation>& observations,
                  std::vector<CaseResult>* results) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].watch) continue;
    CaseResult& result = (*results)[i];
    int looked_at = 0;
    result.reasons = JudgeWatch(*cases[i].watch, observations, &looked_at);
    result.verdict = !result.reasons.empty() ? Verdict::kFailed : looked_at > 0 ? Verdict::kPassed : Verdict::kSkipped;
    if (result.verdict == Verdict::kSkipped) result.reasons = {"no answer of this run says anything about it"};
  }
}

std::string ServerOf(const std::vector<Observation>& observations) {
  for (const Observation& seen : observations) {
    if (const std::string* server = seen.answer.http().Header("server")) return ForPeople(*server);
  }
  return "";
}

// Empty: the application may call. Everything else would only repeat this.
std::string WhyNobodyMayCall(const std::vector<Observation>& observations) {
  for (const Observation& seen : observations) {
    const int code = seen.answer.code().value_or(0);
    if (code < 3000 || code > 3005) continue;
    return "the gateway refuses --app with " + std::to_string(code) + " (" +
           (code == 3000 ? "is it the right secret?" : "may this application call from here?") + ")";
  }
  return "";
}

Case KnockOf(int code) {
  Case knock;
  knock.id = "knock";
  knock.steps.resize(1);
  knock.steps[0].expect.codes = {code};
  return knock;
}

// One signed call before all others. Why it is refused; empty: it is not.
std::string Knock(RunContext* context) {
  Case knock = KnockOf(0);
  knock.steps[0].body = R"({"method":"gateway.ping"})";
  CaseResult unused;
  RunCase(knock, context, &unused);
  std::string why = WhyNobodyMayCall(context->observations);
  context->observations.clear();
  return why;
}

// Proxies answer this themselves, and in other words.
bool AnswersMalformedRequests(RunContext* context) {
  Case knock = KnockOf(1003);
  knock.steps[0].http = "PO(ST / HTTP/1.1\r\nHost: ${host}\r\n\r\n";
  CaseResult result;
  RunCase(knock, context, &result);
  context->observations.clear();
  return result.verdict == Verdict::kPassed;
}

}  // namespace

int SuiteResult::Count(Verdict verdict, bool counted) const {
  return static_cast<int>(std::count_if(cases.begin(), cases.end(), [&](const CaseResult& result) {
    return result.verdict == verdict && result.counted == counted;
  }));
}

bool SuiteResult::Passed() const { return Count(Verdict::kFailed, true) == 0 && Count(Verdict::kPassed, true) > 0; }

base::Result<SuiteResult, std::string> RunSuite(const SuiteOptions& options) {
  const auto cases = SelectCases(options);
  if (!cases.ok()) return base::Fail(cases.error());
  auto context = MakeContext(options);
  if (!context.ok()) return base::Fail(context.error());
  RunContext* const shared = context.value().get();
  const auto listener = MakeListener(options, shared);
  if (!listener.ok()) return base::Fail(listener.error());

  SuiteResult result;
  result.url = options.url;
  result.contract = options.contract;
  result.profile = options.profile;
  result.started_at = base::FormatIso8601(base::SystemClock().NowMs());
  const auto begin = SteadyClock::now();
  for (const Case& one : *cases) result.cases.push_back(ResultOf(one, options));
  if (const std::string refused = Knock(shared); !refused.empty()) {
    for (CaseResult& one : result.cases) one.reasons = {refused};
  } else {
    if (!shared->direct) shared->direct = AnswersMalformedRequests(shared);
    const auto until = begin + std::chrono::milliseconds(options.deadline_ms);
    Schedule(*cases, &result.cases, shared, until).RunAll(options.workers);
    JudgeWatches(*cases, shared->observations, &result.cases);
  }
  result.gateway = ServerOf(shared->observations);
  result.coverage = CoverageOf(result.cases);
  result.waited_ms = shared->waited_ms;
  result.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin).count();
  return result;
}

base::Result<std::vector<ListedCase>, std::string> ListCases(const SuiteOptions& options) {
  const auto cases = SelectCases(options);
  if (!cases.ok()) return base::Fail(cases.error());
  std::vector<ListedCase> listed;
  for (const Case& one : *cases) {
    const std::set<int> codes = one.Codes();
    listed.push_back({one.id, one.title, one.clause, one.contract, one.profile, {codes.begin(), codes.end()}});
  }
  return listed;
}

std::string NameOf(Verdict verdict) {
  return verdict == Verdict::kPassed ? "passed" : verdict == Verdict::kFailed ? "failed" : "skipped";
}

std::string NameOf(Contract contract) { return contract == Contract::kPublished ? "published" : "house"; }

std::string NameOf(Profile profile) { return profile == Profile::kSandbox ? "sandbox" : "merchant"; }

}  // namespace multihub::conformance
