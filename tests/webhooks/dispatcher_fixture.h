// A dispatcher over a real database and a real receiver, with a clock that stands still until it is moved.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/net/http_client.h"
#include "multihub/storage/access.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/dispatcher.h"
#include "storage/engine_fixture.h"
#include "support/webhook_receiver.h"

namespace multihub::webhooks_test {

// One session and one thread for everything, each write a transaction of its own.
class OneSessionAccess final : public storage::Access {
 public:
  explicit OneSessionAccess(const storage::Database& database);
  ~OneSessionAccess() override;

  bool Write(domain::ApplicationId, std::function<void(storage::Session&)> work,
             std::function<void(bool, const std::string&)> done) override;
  bool Read(std::int64_t, std::function<void(storage::Session&)> read,
            std::function<void(const std::string&)> failed) override;

  // From now on nothing is stored, for good: as if the process had been killed.
  void Die() { dead_ = true; }
  // Writes fail from now on, or no more.
  void FailWrites(bool fail) { failing_ = fail; }

 private:
  void Run();

  std::unique_ptr<storage::Session> session_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::atomic<bool> dead_{false}, failing_{false};
  std::thread thread_;
};

// What several processes share.
struct World {
  explicit World(storage::Engine engine);

  storage::EndpointRow AddEndpoint(std::int64_t application, const std::string& url,
                                   std::string_view source = storage::kSourceConfigured,
                                   const std::function<void(storage::EndpointRow&)>& change = {});
  // An event and its delivery to the endpoint, due now. Returns the delivery's id.
  std::string AddDelivery(const storage::EndpointRow& endpoint, const std::string& h_id, std::int64_t version = 1);
  static std::string BodyOf(const std::string& h_id, std::int64_t version);
  static std::string EventIdOf(const std::string& h_id, std::int64_t version);

  storage::DeliveryRow Delivery(const std::string& id);
  std::vector<storage::AttemptRow> Attempts(const std::string& id);
  // False after a minute.
  bool WaitState(const std::string& id, std::string_view state);
  bool WaitAttempts(const std::string& id, std::size_t count);
  bool WaitUntil(const std::function<bool()>& holds);

  storage_test::FreshDatabase fresh;
  std::unique_ptr<storage::Session> session;
  base::ManualClock clock{1'800'000'000'000};
  base::SeededRandom random{4711};
  base::MasterKey key;
  base::SecretString api_secret{"unit-test-secret"};
  base::SecretString in_request_secret;
  base::SecretString endpoint_secret;
  support::WebhookReceiver receiver;
};

// One gateway process, as far as webhooks go.
class Process {
 public:
  explicit Process(World& world, net::AddressPolicy policy = {true, false}, webhooks::DispatcherOptions options = {});
  ~Process();

  // Time passes, and the dispatcher looks at once.
  void Advance(std::int64_t ms);
  // Takes effect at once and says nothing to anybody.
  void Kill();

  webhooks::Dispatcher& dispatcher() { return *dispatcher_; }
  OneSessionAccess& access() { return access_; }

 private:
  World& world_;
  OneSessionAccess access_;
  net::HttpClient client_;
  webhooks::Sender sender_;
  std::unique_ptr<webhooks::Dispatcher> dispatcher_;
};

}  // namespace multihub::webhooks_test
