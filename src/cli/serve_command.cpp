#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "cli/commands.h"
#include "cli/database_clock.h"
#include "cli/gateway_service.h"
#include "cli/log_level.h"
#include "cli/refused.h"
#include "cli/sandbox.h"
#include "cli/security.h"
#include "cli/service_notice.h"
#include "cli/stop_signals.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/http/front.h"
#include "multihub/http/ops_handler.h"
#include "multihub/observability/log.h"
#include "multihub/observability/metrics.h"
#include "multihub/rpc/gateway.h"
#include "multihub/storage/directory_store.h"
#include "multihub/storage/migrations.h"

namespace multihub::cli {
namespace {

using observability::Log;
using observability::LogField;
using observability::LogLevel;

constexpr const char* kSandboxUrl = "sqlite:///./var/sandbox.db";

struct ServeOptions {
  std::vector<std::string> listen;
  std::optional<std::string> ops_listen;
  bool sandbox = false;
  bool migrate = false;
};

// What /readyz and /metrics answer; the gateway itself comes and goes behind it.
class OpsView {
 public:
  std::string NotReady() const {
    const std::lock_guard lock(mutex_);
    return reason_.empty() ? service_->NotReady() : reason_;
  }
  std::string Metrics() const {
    observability::MetricsPage page;
    page.Add(observability::Metric::kReady, {}, NotReady().empty() ? 1 : 0);
    observability::CollectLog(&page);
    const std::lock_guard lock(mutex_);
    if (service_ != nullptr) service_->Collect(&page);
    return page.Text();
  }

  void Serving(const GatewayService* service) {
    const std::lock_guard lock(mutex_);
    service_ = service;
    reason_.clear();
  }
  // Still counting.
  void Draining() {
    const std::lock_guard lock(mutex_);
    reason_ = "draining";
  }
  void Gone() {
    const std::lock_guard lock(mutex_);
    service_ = nullptr;
    reason_ = "stopped";
  }

 private:
  mutable std::mutex mutex_;
  const GatewayService* service_ = nullptr;
  std::string reason_ = "starting";
};

// While it lives, the ops port speaks of this gateway.
class OnView {
 public:
  OnView(OpsView* view, const GatewayService& service) : view_(view) { view_->Serving(&service); }
  ~OnView() { view_->Gone(); }
  OnView(const OnView&) = delete;
  OnView& operator=(const OnView&) = delete;

 private:
  OpsView* view_;
};

void Notice(const std::string& line) { std::cerr << line << std::endl; }

// So small a part of them that the ops port cannot use up what the merchants' connections leave: 256 where there is
// room for them.
std::size_t OpsConnections(std::size_t descriptors) { return std::clamp<std::size_t>(descriptors / 64, 4, 256); }

// Besides its connections: the ops port's at two each, one of every webhook on its way, one of every name being
// resolved.
std::size_t OtherDescriptors(std::size_t descriptors, const WebhooksConfig& webhooks) {
  constexpr std::size_t kResolving = 64;
  return 2 * OpsConnections(descriptors) + static_cast<std::size_t>(webhooks.max_in_flight) + kResolving;
}

std::unique_ptr<http::Front> StartOps(const std::string& listen, std::size_t connections, const OpsView& view) {
  http::FrontOptions options;
  options.listen = {listen};
  options.max_connections = connections;
  options.max_body_bytes = 1024;
  options.max_output_bytes = 64 * 1024 * 1024;  // a metrics page with very many routes
  auto handler =
      std::make_shared<http::OpsHandler>([&view] { return view.NotReady(); }, [&view] { return view.Metrics(); });
  auto front = std::make_unique<http::Front>(options, handler);
  if (const std::string problem = front->Start(); !problem.empty()) throw Refused(problem);
  Notice("ops http://" + WithPort(listen, front->ports().at(0)) + "/");
  return front;
}

storage::DatabaseUrl DatabaseOf(Context* context, const ServeOptions& options) {
  if (!options.sandbox || context->database_given()) return context->database_url();
  return storage::DatabaseUrl::Parse(kSandboxUrl).value();
}

// The schema, and whether this database is what --sandbox says.
std::unique_ptr<storage::Session> OpenDatabase(Context* context, const ServeOptions& options,
                                               const storage::DatabaseUrl& url) {
  if (options.sandbox || options.migrate) {
    const auto session = context->OpenToMigrate(url);
    if (storage::SchemaVersion(*session) < storage::NewestSchemaVersion()) storage::Migrate(*session);
  }
  // Not the one that migrates: that waits as long as a command does, and what serves must not.
  return context->OpenToServe(url);
}

void CheckSandboxMark(const ServeOptions& options, storage::Session& session, const storage::DatabaseUrl& url) {
  if (options.sandbox) {
    MarkSandbox(session, url);
  } else if (IsSandbox(session)) {
    throw Refused("The database " + url.Redacted() +
                  " is a sandbox, and its secrets are public; serve it with --sandbox, or give another --database.");
  }
}

void CheckPrivateNetworks(const WebhooksConfig& config, storage::Session& session) {
  if (!config.allow_private_networks || config.allow_private_networks_with_live) return;
  for (const storage::ApplicationRow& row : storage::LoadDirectory(session).applications) {
    if (row.test) continue;
    throw Refused("webhooks.allow_private_networks is set, and there are live applications (such as " +
                  std::to_string(row.id.value) +
                  "); unset it, or set webhooks.allow_private_networks_with_live as well.");
  }
}

// Where a client on this machine reaches a listener.
std::string Reachable(const std::string& address) {
  const std::string port = address.substr(address.rfind(':'));
  const bool wildcard = address.rfind("0.0.0.0:", 0) == 0 || address.rfind("[::]:", 0) == 0;
  return wildcard ? "127.0.0.1" + port : address;
}

void PrintSandbox(const std::string& address) {
  Notice("sandbox: never use this database or these secrets for real payments");
  for (const SandboxApplication& application : SandboxApplications()) {
    Notice("  application " + std::to_string(application.id.value) + "  secret " + SandboxSecret(application.id) +
           "  " + application.what);
  }
  const std::string url = "http://" + Reachable(address) + std::string(rpc::kEndpointPath);
  const std::string body = R"({"method":"gateway.ping","params":{}})";
  const std::string hash = base::HexEncode(base::Sha512({body, SandboxSecret({1})}));
  Notice("a first signed call to paste:");
  Notice("  curl -sS '" + url +
         "' -H 'Content-Type: application/json' -H 'X-Data-Application-Id: 1' -H 'X-Data-Hash: " + hash +
         "' --data-binary '" + body + "'");
}

GatewayServiceOptions ToServiceOptions(const Config& config, const ServeOptions& options, std::size_t descriptors) {
  GatewayServiceOptions service;
  service.other_descriptors = OtherDescriptors(descriptors, config.webhooks);
  service.listen = options.listen.empty() ? config.http.listen : options.listen;
  service.ops_listen = options.ops_listen.value_or(config.ops.listen);
  service.sandbox = options.sandbox;
  return service;
}

void TellSupervisor(const std::string& socket, const std::string& state) {
  if (!NotifyService(socket, state)) Notice("the supervisor at " + socket + " was not told " + state);
}

void Serve(Context* context, const ServeOptions& options) {
  const std::string supervisor = NotifySocket();
  const Config& config = context->config();
  StopSignals signals;
  const std::size_t descriptors = http::RaisedDescriptorLimit();
  observability::ConfigureLog(ToLogLevel(config.log.level), true);
  OpsView view;
  const auto ops = StartOps(options.ops_listen.value_or(config.ops.listen), OpsConnections(descriptors), view);

  const storage::DatabaseUrl url = DatabaseOf(context, options);
  auto session = OpenDatabase(context, options, url);
  CheckSandboxMark(options, *session, url);
  CheckPrivateNetworks(config.webhooks, *session);
  const base::MasterKey key = OpenMasterKey(config, url, *session);
  if (options.sandbox) LoadSandbox(*session, key, base::SystemClock(), base::SystemRandomInstance());

  GatewayService service(config, ToServiceOptions(config, options, descriptors), url, key, std::move(session));
  service.Start();
  const OnView on_view(&view, service);
  signals.Serving();
  Log(LogLevel::kInfo, "serving", {{LogField::kDatabase, url.Redacted()}});
  for (const std::string& address : service.Addresses()) {
    Notice("ready http://" + address + std::string(rpc::kEndpointPath));
  }
  if (options.sandbox) PrintSandbox(service.Addresses().at(0));
  TellSupervisor(supervisor, "READY=1");

  const int signal = signals.Wait();
  Log(LogLevel::kInfo, "draining", {{LogField::kSignal, std::int64_t{signal}}});
  view.Draining();
  TellSupervisor(supervisor, "STOPPING=1");
  // Another signal ends the process.
  std::this_thread::sleep_for(std::chrono::milliseconds(config.drain.lame_duck_ms));
  const bool all_answered = service.Drain(config.drain.timeout_ms);
  Log(all_answered ? LogLevel::kInfo : LogLevel::kWarn, all_answered ? "drained" : "drain_timeout", {});
  ops->Stop(0);
}

}  // namespace

void AddServe(Command* root, Context* context) {
  auto options = std::make_shared<ServeOptions>();
  root->Add("serve", "Runs the gateway", "multihub serve --sandbox --listen 127.0.0.1:8080")
      .Option("--listen", &options->listen, "ADDR:PORT of the merchant port; may be repeated (127.0.0.1:8080)")
      .Option("--ops-listen", &options->ops_listen, "ADDR:PORT of /healthz, /readyz and /metrics (127.0.0.1:9090)")
      .Flag("--sandbox", &options->sandbox, "A made-up world to try the gateway with, by default in ./var/sandbox.db")
      .Flag("--migrate", &options->migrate, "Brings the schema up to date first")
      .Run([context, options] { Serve(context, *options); });
}

}  // namespace multihub::cli
