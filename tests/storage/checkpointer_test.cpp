// SQLite's write-ahead log under a lane that never rests.
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <string>

#include "multihub/storage/commit_lane.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;

namespace {

constexpr std::size_t kWalPages = 64;
constexpr std::uintmax_t kFrameBytes = 4096 + 24;
// At this the writer waits for the thread: 9 times the length, and what one batch adds.
constexpr std::uintmax_t kMostBytes = (9 * kWalPages + 3 * 64) * kFrameBytes;

struct InsertJob final : storage::LaneJob {
  void Committed() override { --*open; }
  void Failed(bool, const std::string&) override { --*open; }  // its row is missed
  std::int64_t id = 0;
  std::atomic<int>* open = nullptr;
};

// A page for each job.
class InsertWriter final : public storage::BatchWriter {
 public:
  void Write(storage::Session& session, std::span<storage::LaneJob* const> jobs) override {
    for (storage::LaneJob* job : jobs) {
      session.Execute("INSERT INTO probe (id, words) VALUES (?, ?)", {static_cast<InsertJob*>(job)->id, words_});
    }
  }

 private:
  const std::string words_ = std::string(3000, 'x');
};

class BusyLane {
 public:
  BusyLane() {
    fresh_.Open()->Execute("CREATE TABLE probe (id INTEGER NOT NULL PRIMARY KEY, words TEXT)");
    storage::LaneOptions options;
    options.wal_pages = kWalPages;
    lane_ = std::make_unique<storage::CommitLane>(fresh_.database(), writer_, options, "0");
  }
  ~BusyLane() { lane_->Stop(); }

  // Returns when all are stored.
  void Insert(int count) {
    open_ += count;
    for (int i = 0; i < count; ++i) {
      auto insert = std::make_unique<InsertJob>();
      insert->id = ++id_;
      insert->open = &open_;
      std::unique_ptr<storage::LaneJob> job = std::move(insert);
      while (!lane_->Submit(&job, storage::LaneKind::kMerchant)) std::this_thread::yield();
    }
    while (open_ > 0) std::this_thread::yield();
  }
  std::unique_ptr<storage::Session> Open() const { return fresh_.Open(); }
  std::uintmax_t log_bytes() const { return std::filesystem::file_size(fresh_.url().path + "-wal"); }

 private:
  const FreshDatabase fresh_{storage::Engine::kSqlite};
  InsertWriter writer_;
  std::atomic<int> open_{0};
  std::int64_t id_ = 0;
  std::unique_ptr<storage::CommitLane> lane_;
};

}  // namespace

TEST_CASE("the write-ahead log of a lane stays short however much it writes") {
  BusyLane lane;
  lane.Insert(4000);
  CHECK(lane.Open()->QueryInteger("SELECT COUNT(*) FROM probe") == 4000);
  CHECK(lane.log_bytes() < kMostBytes);
}

TEST_CASE("a reader of an old state lets the write-ahead log grow, and no longer than it reads") {
  BusyLane lane;
  lane.Insert(100);
  const auto reader = lane.Open();
  reader->BeginSnapshot();
  CHECK(reader->QueryInteger("SELECT COUNT(*) FROM probe") == 100);
  lane.Insert(3000);
  const std::uintmax_t grown = lane.log_bytes();
  CHECK(grown > kMostBytes);
  CHECK(reader->QueryInteger("SELECT COUNT(*) FROM probe") == 100);
  reader->Commit();
  lane.Insert(4000);
  CHECK(lane.log_bytes() < grown + kMostBytes);
  CHECK(lane.Open()->QueryInteger("SELECT COUNT(*) FROM probe") == 7100);
}
