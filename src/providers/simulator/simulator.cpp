#include "multihub/providers/simulator.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/whole_number.h"
#include "multihub/domain/upi_link.h"

namespace multihub::providers {
namespace {

using domain::Direction;
using domain::Money;
using domain::Payment;

const std::string kName = "simulator";
constexpr std::string_view kSignatureHeader = "X-Simulator-Signature";

// The outcomes of docs/testing.md, by the last two digits of the amount.
enum class Outcome {
  kSuccess,
  kError,
  kDeclined,
  kCanceled,
  kStaysProcessing,
  kUnavailable,
  kLate,
  kSilent,
  kRepeats,
  kOtherAmount
};

Outcome OutcomeOf(std::int64_t amount) {
  switch (amount % 100) {
    case 1:
      return Outcome::kError;
    case 2:
      return Outcome::kDeclined;
    case 3:
      return Outcome::kCanceled;
    case 4:
      return Outcome::kStaysProcessing;
    case 5:
      return Outcome::kUnavailable;
    case 6:
      return Outcome::kLate;
    case 7:
      return Outcome::kSilent;
    case 8:
      return Outcome::kRepeats;
    case 9:
      return Outcome::kOtherAmount;
    default:
      return Outcome::kSuccess;
  }
}

constexpr std::int64_t kLateMs = 30'000;
constexpr std::int64_t kBetweenRepeatsMs = 200;
// Messages waiting to be sent; beyond this the asking finds what happened.
constexpr std::size_t kMaxWaiting = 50'000;

// All the simulator ever looks at.
struct Order {
  std::string h_id;
  Money amount;
  base::UnixMs created_ms = 0;
};
Order OrderOf(const Payment& payment) { return {payment.h_id, payment.amount, payment.created_ms}; }

struct Message {
  base::UnixMs at_ms = 0;
  Report report;
};

std::string ProviderIdOf(const Order& order) {
  return "sim_" + base::HexEncode(base::Sha256({"p_id|", order.h_id})).substr(0, 16);
}

std::string ReferenceOf(const Order& order) {
  const base::Sha256Digest digest = base::Sha256({"utr|", order.h_id});
  std::string digits;
  for (std::size_t i = 0; i < 12; ++i) digits += static_cast<char>('0' + digest[i] % 10);
  return digits;
}

Report MakeReport(const Order& order, ReportedState state) {
  Report report{state, ProviderIdOf(order), {}, std::nullopt};
  if (state == ReportedState::kSucceeded) report.utr = ReferenceOf(order);
  if (state != ReportedState::kPending) report.amount = order.amount;
  return report;
}

// The whole future of an order: what will be said, and when.
std::vector<Message> FutureOf(const Order& order, std::int64_t delay_ms) {
  const base::UnixMs at = order.created_ms + delay_ms;
  const Report success = MakeReport(order, ReportedState::kSucceeded);
  switch (OutcomeOf(order.amount.minor)) {
    case Outcome::kError:
      return {{at, MakeReport(order, ReportedState::kFailed)}};
    case Outcome::kDeclined:
      return {{at, MakeReport(order, ReportedState::kDeclined)}};
    case Outcome::kCanceled:
      return {{at, MakeReport(order, ReportedState::kCanceled)}};
    case Outcome::kStaysProcessing:
    case Outcome::kUnavailable:
      return {};
    case Outcome::kLate:
      return {{order.created_ms + kLateMs, success}};
    case Outcome::kRepeats:
      return {{at, success},
              {at + kBetweenRepeatsMs, success},
              {at + 2 * kBetweenRepeatsMs, MakeReport(order, ReportedState::kFailed)}};
    case Outcome::kOtherAmount: {
      Report other = success;
      other.amount->minor += 1;
      return {{at, other}};
    }
    case Outcome::kSilent:
    case Outcome::kSuccess:
      return {{at, success}};
  }
  return {};
}

std::optional<ReportedState> StateOf(std::string_view name) {
  for (const ReportedState state : {ReportedState::kSucceeded, ReportedState::kFailed, ReportedState::kDeclined,
                                    ReportedState::kCanceled, ReportedState::kPending}) {
    if (NameOf(state) == name) return state;
  }
  return std::nullopt;
}

}  // namespace

class Simulator::Impl {
 public:
  Impl(SimulatorOptions options, base::SecretString key, const base::Clock& clock)
      : options_(options), key_(std::move(key)), clock_(clock) {}
  ~Impl() { Stop(); }

  std::vector<Message> Future(const Order& order) const { return FutureOf(order, options_.delay_ms); }

  CallbackRequest Sign(const Order& order, const Report& report) const {
    CallbackRequest request;
    base::JsonWriter json(&request.body);
    json.BeginObject().Key("h_id").String(order.h_id).Key("state").String(NameOf(report.state));
    json.Key("p_id").String(report.p_id);
    if (!report.utr.empty()) json.Key("utr").String(report.utr);
    json.Key("amount").Int(report.amount->minor).Key("currency").String(report.amount->currency.code());
    json.EndObject();
    request.headers.emplace_back(kSignatureHeader, Signature(request.body));
    return request;
  }

  base::Result<Callback, std::string> Read(const CallbackRequest& request) const {
    if (!IsAuthentic(request)) return base::Fail(std::string("the signature does not match"));
    const auto document = base::JsonDocument::Parse(request.body);
    if (!document) return base::Fail(std::string("the body is no JSON object"));
    const base::JsonValue root = document->root();
    const auto state = root["state"].is_string() ? StateOf(root["state"].string()) : std::nullopt;
    if (!state || !root["h_id"].is_string() || !root["amount"].is_number() || !root["currency"].is_string()) {
      return base::Fail(std::string("a field is missing or of a wrong type"));
    }
    Callback callback;
    callback.h_id = std::string(root["h_id"].string());
    callback.report.state = *state;
    if (root["p_id"].is_string()) callback.report.p_id = std::string(root["p_id"].string());
    if (root["utr"].is_string()) callback.report.utr = std::string(root["utr"].string());
    Money amount;
    const base::WholeNumber number = base::ParseWholeNumber(root["amount"].number_text());
    if (number.kind != base::WholeNumber::Kind::kInRange ||
        !domain::Currency::Parse(root["currency"].string(), &amount.currency)) {
      return base::Fail(std::string("the amount is not valid"));
    }
    amount.minor = number.value;
    callback.report.amount = amount;
    return callback;
  }

  void Schedule(const Order& order) {
    const std::vector<Message> future = Future(order);
    if (future.empty()) return;
    bool is_next = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!deliver_ || waiting_.size() >= kMaxWaiting) return;
      is_next = waiting_.empty() || future.front().at_ms < waiting_.top().at_ms;
      for (const Message& message : future) waiting_.push({message.at_ms, order});
    }
    if (is_next) wake_.notify_one();
  }

  void Start(std::function<void(const CallbackRequest&)> deliver) {
    deliver_ = std::move(deliver);
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  std::int64_t delay_ms() const { return options_.delay_ms; }
  const base::Clock& clock() const { return clock_; }

 private:
  struct Waiting {
    base::UnixMs at_ms;
    Order order;
    bool operator>(const Waiting& other) const { return at_ms > other.at_ms; }
  };

  std::string Signature(std::string_view body) const {
    return base::HexEncode(base::HmacSha256(key_.Reveal(), {body}));
  }

  bool IsAuthentic(const CallbackRequest& request) const {
    const auto expected = base::HexDecode(Signature(request.body));
    for (const auto& [name, value] : request.headers) {
      if (name != kSignatureHeader) continue;
      const auto given = base::HexDecode(value);
      return given && base::EqualConstantTime(*given, *expected);
    }
    return false;
  }

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
      if (waiting_.empty()) {
        wake_.wait(lock);
        continue;
      }
      const base::UnixMs now = clock_.NowMs();
      if (waiting_.top().at_ms > now) {
        wake_.wait_for(lock, std::chrono::milliseconds(std::min<std::int64_t>(waiting_.top().at_ms - now, 1000)));
        continue;
      }
      const Waiting due = waiting_.top();
      waiting_.pop();
      lock.unlock();
      for (const Message& message : Future(due.order)) {
        if (message.at_ms == due.at_ms) deliver_(Sign(due.order, message.report));
      }
      lock.lock();
    }
  }

  const SimulatorOptions options_;
  const base::SecretString key_;
  const base::Clock& clock_;
  std::function<void(const CallbackRequest&)> deliver_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

Simulator::Simulator(SimulatorOptions options, base::SecretString callback_key, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(options, std::move(callback_key), clock)) {}
Simulator::~Simulator() = default;

const std::string& Simulator::name() const { return kName; }

errors::Outcome<Prepared> Simulator::Prepare(const domain::Route& route, const Payment& payment) {
  if (OutcomeOf(payment.amount.minor) == Outcome::kUnavailable) {
    return base::Fail(errors::Refuse(errors::Code::kProviderUnavailable));
  }
  Prepared prepared;
  if (route.direction == Direction::kIn && route.method == "upi" && route.currency.code() == "INR") {
    if (route.upi_payee.empty()) return base::Fail(errors::Refuse(errors::Code::kInvalidProvider));
    prepared.redirect = domain::UpiLink(route.upi_payee, route.upi_name, payment.amount, payment.h_id);
  }
  return prepared;
}

Report Simulator::Start(const Payment& payment, std::int64_t) {
  const Order order = OrderOf(payment);
  if (OutcomeOf(order.amount.minor) == Outcome::kSilent) return {};
  impl_->Schedule(order);
  return MakeReport(order, ReportedState::kPending);
}

Report Simulator::State(const Payment& payment, std::int64_t) {
  const Order order = OrderOf(payment);
  const std::vector<Message> future = impl_->Future(order);
  if (future.empty() || impl_->clock().NowMs() < future.front().at_ms)
    return MakeReport(order, ReportedState::kPending);
  return future.front().report;
}

base::Result<Callback, std::string> Simulator::ReadCallback(const CallbackRequest& request) {
  return impl_->Read(request);
}

void Simulator::StartCallbacks(std::function<void(const CallbackRequest&)> deliver) {
  impl_->Start(std::move(deliver));
}
void Simulator::StopCallbacks() { impl_->Stop(); }

std::vector<CallbackRequest> Simulator::CallbacksBetween(const Payment& payment, base::UnixMs after_ms,
                                                         base::UnixMs until_ms) const {
  std::vector<CallbackRequest> requests;
  const Order order = OrderOf(payment);
  if (OutcomeOf(order.amount.minor) == Outcome::kSilent) return requests;
  for (const Message& message : impl_->Future(order)) {
    if (message.at_ms > after_ms && message.at_ms <= until_ms) requests.push_back(impl_->Sign(order, message.report));
  }
  return requests;
}

}  // namespace multihub::providers
