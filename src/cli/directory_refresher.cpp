#include "cli/directory_refresher.h"

#include <chrono>
#include <cstdlib>

#include "cli/provider_adapters.h"
#include "cli/security.h"
#include "multihub/observability/log.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

using observability::Log;
using observability::LogField;
using observability::LogLevel;

constexpr std::chrono::milliseconds kPollEvery{500};
constexpr std::int64_t kMaxSkewMs = 2000;
constexpr std::int64_t kStartPatienceUs = 5'000'000;

bool HasAdapter(const std::string& name) {
  for (const ProviderAdapter& adapter : ProviderAdapters()) {
    if (adapter.name == name) return true;
  }
  return false;
}

}  // namespace

DirectoryRefresher::DirectoryRefresher(std::unique_ptr<storage::Session> session, const base::MasterKey& key,
                                       auth::DirectoryCache& cache, DatabaseClock& clock,
                                       std::function<std::string()> engine_not_ready)
    : session_(std::move(session)),
      key_(key),
      cache_(cache),
      clock_(clock),
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
  return not_ready_;
}

void DirectoryRefresher::SetNotReady(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (reason != not_ready_ && !stop_) {
    Log(reason.empty() ? LogLevel::kInfo : LogLevel::kWarn, reason.empty() ? "ready" : "not_ready",
        {{LogField::kDetail, reason}});
  }
  not_ready_ = reason;
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
    SetNotReady(std::string("the database does not answer: ") + failure.what());
  }
}

void DirectoryRefresher::LoadIfMoved() {
  const auto current = cache_.Current();
  if (current && current->version() == storage::DirectoryVersion(*session_)) return;
  // Under another key the secrets would not open and every application would be switched off; what is known stays.
  if (current && storage::GetSetting(*session_, kMasterKeyIdSetting) != key_.key_id()) return;
  const storage::DirectoryRows rows = storage::LoadDirectory(*session_);
  cache_.Replace(auth::Directory::Build(rows, key_, HasAdapter, [](const std::string& problem) {
    Log(LogLevel::kError, "directory_problem", {{LogField::kDetail, problem}});
  }));
  Log(LogLevel::kInfo, "directory_loaded",
      {{LogField::kVersion, rows.version}, {LogField::kCount, static_cast<std::int64_t>(rows.applications.size())}});
}

std::string DirectoryRefresher::Judge() {
  if (std::llabs(clock_.offset_ms()) > kMaxSkewMs) {
    return "this machine's clock is " + std::to_string(clock_.offset_ms()) + " ms away from the database's";
  }
  if (storage::GetSetting(*session_, kMasterKeyIdSetting) != key_.key_id()) {
    return "the database was sealed anew under another master key; restart with that key";
  }
  return engine_not_ready_();
}

}  // namespace multihub::cli
