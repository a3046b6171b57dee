#include "multihub/observability/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "multihub/base/clock.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/utf8.h"
#include "multihub/base/whole_number.h"

namespace multihub::observability {
namespace {

using Fields = std::initializer_list<std::pair<LogField, LogValue>>;

constexpr std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

constexpr std::string_view NameOf(LogField field) {
  switch (field) {
    case LogField::kRequestId:
      return "request_id";
    case LogField::kTraceId:
      return "trace_id";
    case LogField::kApplicationId:
      return "application_id";
    case LogField::kMethod:
      return "method";
    case LogField::kCode:
      return "code";
    case LogField::kHttpStatus:
      return "http_status";
    case LogField::kDurationMs:
      return "duration_ms";
    case LogField::kPaymentId:
      return "h_id";
    case LogField::kServiceId:
      return "service_id";
    case LogField::kProvider:
      return "provider";
    case LogField::kStatus:
      return "status";
    case LogField::kAlert:
      return "alert";
    case LogField::kCount:
      return "count";
    case LogField::kAddress:
      return "address";
    case LogField::kPort:
      return "port";
    case LogField::kDetail:
      return "detail";
    case LogField::kLane:
      return "lane";
    case LogField::kEngine:
      return "engine";
    case LogField::kVersion:
      return "version";
    case LogField::kSignal:
      return "signal";
    case LogField::kDatabase:
      return "database";
    case LogField::kCurrency:
      return "currency";
    case LogField::kSequence:
      return "sequence";
  }
  return "field";
}

// The date and time of a second are the same for thousands of lines: only the milliseconds are written anew.
std::string_view Timestamp() {
  constexpr std::size_t kMsAt = 20;  // in "2026-05-01T10:00:00.120Z"
  thread_local std::int64_t second = -1;
  thread_local std::string text;
  const base::UnixMs now_ms = base::SystemClock().NowMs();
  if (now_ms / 1000 != second) {
    second = now_ms / 1000;
    text = base::FormatIso8601(now_ms);
  }
  const auto ms = static_cast<int>(now_ms % 1000);
  text[kMsAt] = static_cast<char>('0' + ms / 100);
  text[kMsAt + 1] = static_cast<char>('0' + ms / 10 % 10);
  text[kMsAt + 2] = static_cast<char>('0' + ms % 10);
  return text;
}

void WriteText(base::JsonWriter* writer, const std::string& text) {
  if (base::IsValidUtf8(text)) {
    writer->String(text);
    return;
  }
  // A library's message in some other encoding must not make the line unreadable.
  std::string ascii = text;
  for (char& c : ascii) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  writer->String(ascii);
}

void WriteNumber(base::JsonWriter* writer, std::int64_t number) {
  const bool exact = number <= base::kMaxSafeInteger && number >= -base::kMaxSafeInteger;
  if (exact) {
    writer->Int(number);
  } else {
    writer->String(std::to_string(number));
  }
}

void WriteField(base::JsonWriter* writer, LogField field, const LogValue& value) {
  writer->Key(NameOf(field));
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    WriteNumber(writer, *number);
  } else if (const auto* trace_id = std::get_if<base::TraceId>(&value)) {
    const auto digits = trace_id->Digits();
    writer->String(std::string_view(digits.data(), digits.size()));
  } else {
    WriteText(writer, std::get<std::string>(value));
  }
}

void RenderLine(std::string* out, LogLevel level, std::string_view event, const std::string* alert, Fields fields) {
  base::JsonWriter writer(out);
  writer.BeginObject();
  writer.Key("ts").String(Timestamp());
  writer.Key("level").String(NameOf(level));
  writer.Key("event").String(event);
  if (alert != nullptr) WriteField(&writer, LogField::kAlert, *alert);
  for (const auto& [field, value] : fields) WriteField(&writer, field, value);
  writer.EndObject();
  out->push_back('\n');
}

// Takes finished lines from any thread and writes them from its own, many at a time: a caller pays for a copy into
// memory, never for a write, and a reader of our output that stands still holds up no request.
class LineWriter {
 public:
  LineWriter() {
    SetOutput(false);
    // Signals belong to the threads that wait for them: this one may be started by the first line of any thread, and
    // would otherwise take a SIGTERM that the process means to drain on.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { Run(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void SetOutput(bool to_stdout) {
    Flush();
    spdlog::sink_ptr sink;
    if (to_stdout) {
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, ""));
    auto output = std::make_shared<spdlog::logger>("multihub", std::move(sink));
    output->set_level(spdlog::level::trace);
    const std::lock_guard lock(mutex_);
    output_ = std::move(output);
  }

  void Append(std::string_view line, bool urgent) {
    bool wake = urgent;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() + line.size() > kMaxWaitingBytes) {
        ++dropped_;
        dropped_in_all_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      wake =
          wake || waiting_.empty() || (waiting_.size() < kBatchBytes && waiting_.size() + line.size() >= kBatchBytes);
      waiting_.append(line);
      urgent_ = urgent_ || urgent;
      ++appended_;
    }
    if (wake) wake_.notify_one();
  }

  std::uint64_t dropped_in_all() const { return dropped_in_all_.load(std::memory_order_relaxed); }

  // Returns when what was appended before is written, or after kFlushPatience.
  void Flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = appended_;
    if (written_ >= target) return;
    urgent_ = true;
    wake_.notify_one();
    flushed_.wait_for(lock, kFlushPatience, [&] { return written_ >= target; });
  }

 private:
  static constexpr std::size_t kBatchBytes = 256 * 1024;
  static constexpr std::size_t kMaxWaitingBytes = 16 * 1024 * 1024;
  static constexpr std::chrono::milliseconds kGather{50};
  static constexpr std::chrono::seconds kFlushPatience{5};

  [[noreturn]] void Run() {
    std::string batch;
    for (;;) {
      std::shared_ptr<spdlog::logger> output;
      std::uint64_t last = 0;
      std::uint64_t dropped = 0;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !waiting_.empty() || urgent_; });
        wake_.wait_for(lock, kGather, [this] { return urgent_ || waiting_.size() >= kBatchBytes; });
        batch.clear();
        batch.swap(waiting_);
        urgent_ = false;
        last = appended_;
        dropped = std::exchange(dropped_, 0);
        output = output_;
      }
      if (dropped > 0) {
        RenderLine(&batch, LogLevel::kWarn, "log_lines_dropped", nullptr,
                   {{LogField::kCount, static_cast<std::int64_t>(dropped)}});
      }
      if (!batch.empty()) output->log(spdlog::level::info, spdlog::string_view_t(batch.data(), batch.size()));
      {
        const std::lock_guard lock(mutex_);
        written_ = last;
      }
      flushed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable flushed_;
  std::shared_ptr<spdlog::logger> output_;
  std::string waiting_;
  bool urgent_ = false;
  std::uint64_t appended_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;  // and not yet told
  std::atomic<std::uint64_t> dropped_in_all_{0};
};

// Never destroyed: a line written while the process ends must still find it.
LineWriter& Lines() {
  static LineWriter* const lines = [] {
    auto* made = new LineWriter;
    std::atexit(FlushLog);
    return made;
  }();
  return *lines;
}

std::atomic<LogLevel> lowest_level{LogLevel::kInfo};

struct AlertCounters {
  std::mutex mutex;
  // From 0 on: an increase is only seen of what was there before.
  std::map<std::string, std::uint64_t, std::less<>> counts = {
      {"amount_mismatch", 0},       {"balance_limit", 0}, {"database_damaged", 0}, {"database_full", 0},
      {"database_not_writable", 0}, {"late_message", 0},  {"payment_stuck", 0},    {"webhook_gone", 0}};
};
AlertCounters& Alerts() {
  static auto* const alerts = new AlertCounters;
  return *alerts;
}

void WriteLine(LogLevel level, std::string_view event, const std::string* alert, Fields fields) {
  if (level < lowest_level.load(std::memory_order_relaxed)) return;
  thread_local std::string line;
  line.clear();
  RenderLine(&line, level, event, alert, fields);
  Lines().Append(line, level >= LogLevel::kError);
}

}  // namespace

void Log(LogLevel level, std::string_view event, Fields fields) { WriteLine(level, event, nullptr, fields); }

void ConfigureLog(LogLevel level, bool to_stdout) {
  lowest_level.store(level, std::memory_order_relaxed);
  Lines().SetOutput(to_stdout);
}

void FlushLog() { Lines().Flush(); }

void Alert(std::string_view kind, Fields fields) {
  AlertCounters& alerts = Alerts();
  const std::string name(kind);
  {
    const std::lock_guard lock(alerts.mutex);
    ++alerts.counts[name];
  }
  WriteLine(LogLevel::kError, "alert", &name, fields);
}

std::uint64_t AlertCount(std::string_view kind) {
  AlertCounters& alerts = Alerts();
  const std::lock_guard lock(alerts.mutex);
  const auto found = alerts.counts.find(kind);
  return found == alerts.counts.end() ? 0 : found->second;
}

std::map<std::string, std::uint64_t, std::less<>> AlertCounts() {
  AlertCounters& alerts = Alerts();
  const std::lock_guard lock(alerts.mutex);
  return alerts.counts;
}

std::uint64_t LogLinesDropped() { return Lines().dropped_in_all(); }

}  // namespace multihub::observability
