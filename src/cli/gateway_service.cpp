#include "cli/gateway_service.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/database_clock.h"
#include "cli/database_sample.h"
#include "cli/directory_refresher.h"
#include "cli/refused.h"
#include "cli/webhook_sending.h"
#include "multihub/base/ids.h"
#include "multihub/base/random.h"
#include "multihub/handlers/method_table.h"
#include "multihub/http/front.h"
#include "multihub/http/gateway_handler.h"
#include "multihub/net/http_client.h"
#include "multihub/observability/log.h"
#include "multihub/payments/engine.h"
#include "multihub/providers/simulator.h"
#include "multihub/rpc/gateway.h"
#include "multihub/storage/directory_store.h"
#include "multihub/webhooks/dispatcher.h"
#include "multihub/webhooks/sender.h"
#include "multihub/webhooks/webhooks.h"

namespace multihub::cli {
namespace {

constexpr std::chrono::milliseconds kTickEvery{50};
constexpr const char* kCallbackPurpose = "simulator-callback";

rpc::RateLimit Limit(std::int64_t per_minute, std::int64_t burst) {
  return {static_cast<int>(per_minute), static_cast<int>(burst)};
}

rpc::GatewayOptions ToGatewayOptions(const Config& config, bool sandbox) {
  const LimitsConfig& limits = config.limits;
  rpc::GatewayOptions options;
  options.limits_enabled = limits.enabled;
  options.payment = Limit(limits.payment_per_minute, limits.payment_burst);
  options.read = Limit(limits.read_per_minute, limits.read_burst);
  options.notification = Limit(limits.notification_per_minute, limits.notification_burst);
  options.webhook = Limit(limits.webhook_per_minute, limits.webhook_burst);
  options.webhook_send = Limit(limits.webhook_send_per_minute, limits.webhook_send_burst);
  const std::int64_t refusals = sandbox ? limits.unauthenticated_per_minute_sandbox : limits.unauthenticated_per_minute;
  options.unauthenticated = Limit(refusals, refusals);
  options.unauthenticated_sources = static_cast<std::size_t>(limits.unauthenticated_sources);
  options.answer_within_ms = config.http.answer_within_ms;
  return options;
}

payments::EngineOptions ToEngineOptions(const Config& config) {
  payments::EngineOptions options;
  options.lanes = static_cast<int>(config.lanes.count);
  options.max_batch = static_cast<std::size_t>(config.lanes.max_batch);
  options.lane_queue = static_cast<std::size_t>(config.lanes.queue);
  options.readers = static_cast<int>(config.database.readers);
  options.reader_queue = static_cast<std::size_t>(config.database.reader_queue);
  options.provider_workers = static_cast<int>(config.providers.workers);
  options.provider_queue = static_cast<std::size_t>(config.providers.queue);
  options.started_answer_ms = config.providers.started_answer_ms;
  options.reconcile_poll_ms = config.providers.reconcile_poll_ms;
  options.statement_timeout_s = static_cast<int>(config.database.statement_timeout_s);
  return options;
}

http::ForwardedField ToForwardedField(const std::string& header) {
  if (header == "forwarded") return http::ForwardedField::kForwarded;
  return header == "x-forwarded-for" ? http::ForwardedField::kXForwardedFor : http::ForwardedField::kEither;
}

http::FrontOptions ToFrontOptions(const HttpConfig& config, const GatewayServiceOptions& service) {
  http::FrontOptions options = http::MerchantFrontOptions();
  options.listen = service.listen;
  options.other_descriptors = service.other_descriptors;
  for (const std::string& network : config.trusted_proxies) {
    options.trusted_proxies.push_back(base::Cidr::Parse(network).value());
  }
  options.forwarded_field = ToForwardedField(config.forwarded_header);
  options.threads = static_cast<int>(config.threads);
  options.max_header_bytes = static_cast<std::size_t>(config.max_header_bytes);
  options.max_headers = static_cast<std::size_t>(config.max_headers);
  options.max_body_bytes = static_cast<std::size_t>(config.max_body_bytes);
  options.max_connections = static_cast<std::size_t>(config.max_connections);
  options.max_in_flight = static_cast<std::size_t>(config.max_in_flight);
  options.max_pipelined = static_cast<std::size_t>(config.max_pipelined);
  options.max_output_bytes = static_cast<std::size_t>(config.max_output_bytes);
  options.header_timeout_ms = config.header_timeout_ms;
  options.body_timeout_ms = config.body_timeout_ms;
  options.idle_timeout_ms = config.idle_timeout_ms;
  options.write_timeout_ms = config.write_timeout_ms;
  return options;
}

DiskRoom ToDiskRoom(const Config& config, const storage::DatabaseUrl& url) {
  return {url.path, config.ops.min_free_mb};
}

webhooks::DispatcherOptions ToDispatcherOptions(const WebhooksConfig& config, const std::string& owner) {
  webhooks::DispatcherOptions options;
  options.owner = owner;
  options.max_in_flight = static_cast<int>(config.max_in_flight);
  options.max_per_application = static_cast<int>(config.max_per_application);
  options.max_per_origin = static_cast<int>(config.max_per_origin);
  options.poll_ms = config.poll_ms;
  options.lease_slack_ms = config.lease_slack_ms;
  return options;
}

// Runs `work` on a thread of its own, again and again, until it goes.
class Ticker {
 public:
  Ticker(std::chrono::milliseconds every, std::function<void()> work)
      : thread_([this, every, work = std::move(work)] {
          while (Pause(every)) work();
        }) {}
  ~Ticker() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    stopping_.notify_all();
    thread_.join();
  }

 private:
  bool Pause(std::chrono::milliseconds every) {
    std::unique_lock lock(mutex_);
    return !stopping_.wait_for(lock, every, [this] { return stop_; });
  }

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

std::string WithPort(const std::string& listen, std::uint16_t port) {
  return listen.substr(0, listen.rfind(':') + 1) + std::to_string(port);
}

// Members stand in the order in which they may use each other; Drain ends them from the front backwards.
class GatewayService::Impl {
 public:
  Impl(const Config& config, const GatewayServiceOptions& options, const storage::DatabaseUrl& url,
       const base::MasterKey& key, std::unique_ptr<storage::Session> refresher_session)
      : key_(key),
        listen_(options.listen),
        database_(url),
        simulator_({config.simulator.delay_ms}, key_.Derive(kCallbackPurpose), clock_),
        owner_("gw_" + base::NewUlid(clock_.NowMs(), base::SystemRandomInstance())),
        url_rules_(WebhookRules(config.webhooks, options.sandbox, options.listen)),
        client_(WebhookClientOptions(config.webhooks, url_rules_, options.listen, options.ops_listen),
                net::SystemResolver()),
        sender_(
            client_, [this](domain::ApplicationId id) { return SecretsOf(id); }, key_, clock_,
            base::SystemRandomInstance()),
        engine_(database_, ToEngineOptions(config), {&simulator_}, key_, clock_, base::SystemRandomInstance(),
                ToHooks()),
        dispatcher_(engine_.access(), sender_, clock_, base::SystemRandomInstance(),
                    ToDispatcherOptions(config.webhooks, owner_)),
        webhooks_(
            engine_.access(), sender_, key_, clock_, base::SystemRandomInstance(), [this] { dispatcher_.Wake(); },
            std::make_unique<webhooks::TargetCheck>(url_rules_.policy)),
        refresher_(std::move(refresher_session), key_, directory_, clock_, ToDiskRoom(config, url),
                   [this] { return engine_.Readiness(); }),
        sample_(engine_.access(), clock_),
        gateway_(ToGatewayOptions(config, options.sandbox),
                 handlers::MakeMethodTable(engine_.payments(), handlers::HandlerOptions{url_rules_}, &webhooks_),
                 directory_, clock_, base::SystemRandomInstance(),
                 [this](domain::ApplicationId id) { NoteSecretInUse(id); }),
        front_(ToFrontOptions(config.http, options), std::make_shared<http::GatewayHandler>(gateway_)) {}

  // A start that failed half-way leaves threads that use each other.
  ~Impl() { Drain(0); }

  void Start() {
    engine_.Start();
    refresher_.Start();
    dispatcher_.Start();
    simulator_.StartCallbacks([this](const providers::CallbackRequest& message) { Deliver(message); });
    expiry_ = std::make_unique<Ticker>(kTickEvery, [this] {
      gateway_.ExpireOverdue();
      sample_.Tick();
    });
    if (const std::string problem = front_.Start(); !problem.empty()) throw Refused(problem);
  }

  std::vector<std::string> Addresses() const {
    std::vector<std::string> addresses;
    const std::vector<std::uint16_t> ports = front_.ports();
    for (std::size_t i = 0; i < listen_.size(); ++i) addresses.push_back(WithPort(listen_[i], ports.at(i)));
    return addresses;
  }

  std::string NotReady() const { return refresher_.NotReady(); }

  void Collect(observability::MetricsPage* page) const {
    const bool sqlite = database_.engine() == storage::Engine::kSqlite;
    page->Add(observability::Metric::kBuildInfo, {MULTIHUB_VERSION, sqlite ? "sqlite" : "mysql"}, 1);
    front_.Collect(page);
    gateway_.Collect(page);
    engine_.Collect(refresher_.Routes(), page);
    dispatcher_.Collect(page);
    refresher_.Collect(page);
    sample_.Collect(page);
  }

  bool Drain(std::int64_t timeout_ms) {
    const bool all_answered = front_.Stop(timeout_ms);
    simulator_.StopCallbacks();
    refresher_.Stop();
    dispatcher_.Stop();
    client_.Stop();
    engine_.Stop();
    expiry_.reset();
    return all_answered;
  }

 private:
  void NoteSecretInUse(domain::ApplicationId id) {
    engine_.access().Write(
        id, [id](storage::Session& session) { storage::MarkSecretInUse(session, id); },
        [id](bool stored, const std::string& internal) {
          // The application's next call notes it again.
          if (stored) return;
          observability::Log(observability::LogLevel::kWarn, "secret_use_not_stored",
                             {{observability::LogField::kApplicationId, std::to_string(id.value)},
                              {observability::LogField::kDetail, internal}});
        });
  }

  std::optional<webhooks::ApplicationSecrets> SecretsOf(domain::ApplicationId id) const {
    const auto directory = directory_.Current();
    return directory == nullptr ? std::nullopt : WebhookSecrets(*directory, id, clock_.NowMs());
  }

  payments::DeliveryHooks ToHooks() {
    payments::DeliveryHooks hooks;
    hooks.owner = owner_;
    hooks.has_room = [this](const std::string& endpoint_id) { return dispatcher_.HasRoom(endpoint_id); };
    hooks.lease_ms = [this](const storage::EndpointRow& endpoint) { return dispatcher_.LeaseMs(endpoint); };
    hooks.committed = [this](std::vector<storage::ReadyDelivery> deliveries) {
      dispatcher_.Take(std::move(deliveries));
    };
    return hooks;
  }

  // The simulator never repeats a message; what is lost here is found by asking.
  void Deliver(const providers::CallbackRequest& message) {
    engine_.HandleProviderCallback(simulator_.name(), message, [](bool) {});
  }

  const base::MasterKey key_;
  const std::vector<std::string> listen_;
  DatabaseClock clock_;
  const storage::Database database_;
  auth::DirectoryCache directory_;
  providers::Simulator simulator_;
  const std::string owner_;  // of this process, in leases
  const webhooks::WebhookUrlOptions url_rules_;
  net::HttpClient client_;
  webhooks::Sender sender_;
  payments::Engine engine_;
  webhooks::Dispatcher dispatcher_;
  webhooks::Webhooks webhooks_;
  DirectoryRefresher refresher_;
  DatabaseSample sample_;
  rpc::Gateway gateway_;
  std::unique_ptr<Ticker> expiry_;
  http::Front front_;
};

GatewayService::GatewayService(const Config& config, const GatewayServiceOptions& options,
                               const storage::DatabaseUrl& url, const base::MasterKey& key,
                               std::unique_ptr<storage::Session> refresher_session)
    : impl_(std::make_unique<Impl>(config, options, url, key, std::move(refresher_session))) {}

GatewayService::~GatewayService() = default;

void GatewayService::Start() { impl_->Start(); }
std::vector<std::string> GatewayService::Addresses() const { return impl_->Addresses(); }
std::string GatewayService::NotReady() const { return impl_->NotReady(); }
void GatewayService::Collect(observability::MetricsPage* page) const { impl_->Collect(page); }
bool GatewayService::Drain(std::int64_t timeout_ms) { return impl_->Drain(timeout_ms); }

}  // namespace multihub::cli
