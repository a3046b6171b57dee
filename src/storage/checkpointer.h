// Keeps SQLite's write-ahead log short without holding up the commits.
//
// SQLite by itself checkpoints within the COMMIT that makes the log too long: everybody then waits until thousands of
// pages are written back and synced. Here a thread with a session of its own writes back most of it beside the commits;
// the writer does only the little that came meanwhile, after which SQLite begins the log anew.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>

#include "multihub/storage/session.h"

namespace multihub::storage {

class Checkpointer {
 public:
  // The log is written back whenever it has this many pages. Nothing is opened before it has.
  Checkpointer(const Database& database, std::size_t wal_pages);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // By the only writer, with its session, between its transactions; `pages`: how long the log is now
  // (SessionOptions::on_wal_pages). Throws nothing: a log that could not be written back is tried again, and a database
  // in trouble says so at the next commit.
  void BetweenTransactions(Session& writer, std::size_t pages);

 private:
  enum class Phase { kIdle, kAsked, kNearlyDone };

  bool IsWritersTurn(std::size_t pages);
  void Run();
  void WriteBackMost();

  const Database& database_;
  const std::size_t wal_pages_;
  // The writer's own: how long the log was, and how long it may become. Longer than wal_pages_ while a reader of an old
  // state (a backup) keeps it from being written back.
  std::size_t pages_ = 0, due_pages_;

  std::mutex mutex_;
  std::condition_variable wake_, nearly_done_;
  Phase phase_ = Phase::kIdle;
  bool stopping_ = false;
  std::unique_ptr<Session> session_;  // the thread's own
  std::thread thread_;
};

}  // namespace multihub::storage
