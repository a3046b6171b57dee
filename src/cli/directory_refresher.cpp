#include "cli/directory_refresher.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "cli/provider_adapters.h"
#include "cli/security.h"
#include "multihub/observability/log.h"
#include "multihub/storage/directory_store.h"
#include "multihub/storage/migrations.h"

namespace multihub::cli {
namespace {

using observability::Log;
using observability::LogField;
using observability::LogLevel;

constexpr std::chrono::milliseconds kPollEvery{500};
constexpr std::int64_t kStartPatienceUs = 5'000'000;
// A poll that takes longer has found a database that does not answer, whatever becomes of it.
constexpr std::int64_t kJudgeWithinUs = 5'000'000;
constexpr std::int64_t kMegabyte = 1'048'576;

bool HasAdapter(const std::string& name) {
  for (const ProviderAdapter& adapter : ProviderAdapters()) {
    if (adapter.name == name) return true;
  }
  return false;
}

}  // namespace

DirectoryRefresher::DirectoryRefresher(std::unique_ptr<storage::Session> session, const base::MasterKey& key,
                                       auth::DirectoryCache& cache, DatabaseClock& clock, DiskRoom disk,
                                       std::function<std::string()> engine_not_ready)
    : session_(std::move(session)),
      key_(key),
      cache_(cache),
      clock_(clock),
      disk_(std::move(disk)),
      engine_not_ready_(std::move(engine_not_ready)) {}

DirectoryRefresher::~DirectoryRefresher() { Stop(); }

void DirectoryRefresher::Start() {
  LoadIfMoved();
  clock_.Measure(*session_);
  AwaitEngine();
  SetNotReady(Judge());
  thread_ = std::thread([this] { Loop(); });
}

// The engine becomes ready a moment after its start; a process that says it serves should be ready.
void DirectoryRefresher::AwaitEngine() {
  const std::int64_t until_us = clock_.MonotonicUs() + kStartPatienceUs;
  while (!engine_not_ready_().empty() && clock_.MonotonicUs() < until_us) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void DirectoryRefresher::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string DirectoryRefresher::NotReady() const {
  const std::lock_guard lock(mutex_);
  if (!not_ready_.empty()) return not_ready_;
  const bool overdue =
      clock_.MonotonicUs() - judged_us_ > kJudgeWithinUs + std::chrono::microseconds(kPollEvery).count();
  return overdue ? "the database does not answer" : "";
}

std::vector<domain::Route> DirectoryRefresher::Routes() const {
  const std::lock_guard lock(mutex_);
  return routes_;
}

void DirectoryRefresher::Collect(observability::MetricsPage* page) const {
  using observability::Metric;
  page->Add(Metric::kDatabaseClockOffset, {}, static_cast<double>(clock_.offset_ms()) / 1000);
  if (const std::int64_t free = free_bytes_; free >= 0) {
    page->Add(Metric::kDatabaseFreeBytes, {}, static_cast<double>(free));
  }
}

void DirectoryRefresher::SetNotReady(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (reason != not_ready_ && !stop_) {
    Log(reason.empty() ? LogLevel::kInfo : LogLevel::kWarn, reason.empty() ? "ready" : "not_ready",
        {{LogField::kDetail, reason}});
  }
  not_ready_ = reason;
  judged_us_ = clock_.MonotonicUs();
}

bool DirectoryRefresher::Pause() {
  std::unique_lock lock(mutex_);
  return !stopping_.wait_for(lock, kPollEvery, [this] { return stop_; });
}

void DirectoryRefresher::Loop() {
  while (Pause()) Poll();
}

// While the database is away the last snapshot keeps serving: calls that need no database go on.
void DirectoryRefresher::Poll() {
  try {
    if (!connected_) session_->Reconnect();
    connected_ = true;
    LoadIfMoved();
    clock_.Measure(*session_);
    SetNotReady(Judge());
  } catch (const storage::StorageFailure& failure) {
    connected_ = false;
    storage::AlertTrouble(failure);
    SetNotReady(std::string("the database does not answer: ") + failure.what());
  }
}

void DirectoryRefresher::LoadIfMoved() {
  const auto current = cache_.Current();
  if (current && current->version() == storage::DirectoryVersion(*session_)) return;
  // Under another key the secrets would not open and every application would be switched off; what is known stays.
  if (current && storage::GetSetting(*session_, kMasterKeyIdSetting) != key_.key_id()) return;
  const storage::DirectoryRows rows = storage::LoadDirectory(*session_);
  KeepRoutes(rows);
  cache_.Replace(auth::Directory::Build(rows, key_, HasAdapter, [](const std::string& problem) {
    Log(LogLevel::kError, "directory_problem", {{LogField::kDetail, problem}});
  }));
  Log(LogLevel::kInfo, "directory_loaded",
      {{LogField::kVersion, rows.version}, {LogField::kCount, static_cast<std::int64_t>(rows.applications.size())}});
}

void DirectoryRefresher::KeepRoutes(const storage::DirectoryRows& rows) {
  std::set<std::string> switched_off;
  for (const storage::ProviderRow& row : rows.providers) {
    if (!row.enabled) switched_off.insert(row.name);
  }
  std::vector<domain::Route> routes = rows.routes;
  for (domain::Route& route : routes) route.enabled = route.enabled && !switched_off.contains(route.provider);
  const std::lock_guard lock(mutex_);
  routes_ = std::move(routes);
}

// A newer schema is one that an upgrade under way has made.
std::string DirectoryRefresher::JudgeSchema() {
  const storage::Schema schema = storage::ReadSchema(*session_);
  if (schema.fit == storage::Schema::Fit::kServes) return {};
  const std::string newest = std::to_string(storage::NewestSchemaVersion());
  const std::string has = "the database has schema " + std::to_string(schema.version);
  if (schema.fit == storage::Schema::Fit::kTooOld) return has + ", and this program needs " + newest;
  return has + ", which no longer serves this program, of schema " + newest;
}

std::string DirectoryRefresher::JudgeDisk() {
  if (disk_.path.empty()) return {};
  const std::filesystem::path folder = std::filesystem::path(disk_.path).parent_path();
  std::error_code error;
  const auto space = std::filesystem::space(folder.empty() ? "." : folder, error);
  if (error) {
    free_bytes_ = -1;
    return "the room on the database's disk cannot be told: " + error.message();
  }
  free_bytes_ = static_cast<std::int64_t>(space.available);
  if (free_bytes_ >= disk_.min_free_mb * kMegabyte) return {};
  return "the database's disk has " + std::to_string(free_bytes_ / kMegabyte) + " MB left, and ops.min_free_mb is " +
         std::to_string(disk_.min_free_mb);
}

std::string DirectoryRefresher::JudgeClock() {
  const std::int64_t offset_ms = clock_.offset_ms();
  if (std::llabs(offset_ms) <= DatabaseClock::kMaxSkewMs) return {};
  if (session_->engine() == storage::Engine::kSqlite) {
    return "this machine's clock was set back by " + std::to_string(offset_ms) +
           " ms; set it right, or restart the gateway to go by it";
  }
  return "this machine's clock is " + std::to_string(offset_ms) + " ms away from the database's";
}

std::string DirectoryRefresher::Judge() {
  if (std::string problem = JudgeSchema(); !problem.empty()) return problem;
  if (std::string problem = JudgeDisk(); !problem.empty()) return problem;
  if (std::string problem = JudgeClock(); !problem.empty()) return problem;
  if (storage::GetSetting(*session_, kMasterKeyIdSetting) != key_.key_id()) {
    return "the database was sealed anew under another master key; restart with that key";
  }
  return engine_not_ready_();
}

}  // namespace multihub::cli
