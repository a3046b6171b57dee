// Webhooks that remember what they were asked and answer what the test says.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "multihub/webhooks/webhooks.h"

namespace multihub::testing {

struct AskedWebhooks {
  std::string method;
  domain::ApplicationId application;
  std::int64_t received_us = 0;  // of calls that look
  domain::MerchantId merchant;   // of calls that change
  std::string nonce;             // of calls that change
  base::Trace trace;             // of calls that change
  std::string id;                // of an endpoint or event; of List the source
  bool enabled = false;          // Switch
  webhooks::EndpointSettings settings;
  webhooks::EventQuery query;
  std::optional<std::string> webhook_id;
};

class FakeWebhooks final : public webhooks::WebhookMethods {
 public:
  explicit FakeWebhooks(base::UnixMs now_ms) : now_ms_(now_ms) {
    endpoint.id = "wh_01hx3q7k2m4v8d5e6f7g8h9j0k";
    endpoint.url = "https://shop.example/hook";
    endpoint.source = storage::kSourceConfigured;
    endpoint.events = "payment.created,payment.failed";
    endpoint.created_ms = now_ms;
    detail.listed.event.body = "{}";
  }

  base::UnixMs NowMs() const override { return now_ms_; }

  void Create(webhooks::ChangeCall call, webhooks::EndpointSettings settings,
              webhooks::Done<webhooks::EndpointWithSecret> done) override {
    Changed("create", call, "").settings = std::move(settings);
    Answer(webhooks::EndpointWithSecret{endpoint, base::SecretString("whsec_once")}, done);
  }
  void List(webhooks::LookCall call, std::string source,
            webhooks::Done<std::vector<storage::EndpointRow>> done) override {
    Looked("list", call, std::move(source));
    Answer(std::vector<storage::EndpointRow>{endpoint}, done);
  }
  void Get(webhooks::LookCall call, std::string id, webhooks::EndpointDone done) override {
    Looked("get", call, std::move(id));
    Answer(endpoint, done);
  }
  void Update(webhooks::ChangeCall call, std::string id, webhooks::EndpointSettings settings,
              webhooks::EndpointDone done) override {
    Changed("update", call, std::move(id)).settings = std::move(settings);
    Answer(endpoint, done);
  }
  void Remove(webhooks::ChangeCall call, std::string id, webhooks::EndpointDone done) override {
    Changed("delete", call, std::move(id));
    Answer(endpoint, done);
  }
  void Switch(webhooks::ChangeCall call, std::string id, bool enabled, webhooks::EndpointDone done) override {
    Changed("switch", call, std::move(id)).enabled = enabled;
    Answer(endpoint, done);
  }
  void RotateSecret(webhooks::ChangeCall call, std::string id,
                    webhooks::Done<webhooks::EndpointWithSecret> done) override {
    Changed("rotate_secret", call, std::move(id));
    Answer(webhooks::EndpointWithSecret{endpoint, base::SecretString("whsec_once")}, done);
  }
  void Test(webhooks::ChangeCall call, std::string id, webhooks::Done<webhooks::TestedEndpoint> done) override {
    Changed("test", call, std::move(id));
    Answer(webhooks::TestedEndpoint{endpoint, attempt}, done);
  }
  void ListEvents(webhooks::LookCall call, webhooks::EventQuery query,
                  webhooks::Done<webhooks::EventPage> done) override {
    Looked("list_events", call, "").query = std::move(query);
    Answer(page, done);
  }
  void GetEvent(webhooks::LookCall call, std::string event_id, webhooks::Done<webhooks::EventDetail> done) override {
    Looked("get_event", call, std::move(event_id));
    Answer(detail, done);
  }
  void Replay(webhooks::ChangeCall call, std::string event_id, std::optional<std::string> endpoint_id,
              webhooks::Done<std::vector<storage::DeliveryRow>> done) override {
    Changed("replay", call, std::move(event_id)).webhook_id = std::move(endpoint_id);
    Answer(deliveries, done);
  }

  std::optional<errors::Refusal> refusal;  // the answer to everything, when set
  storage::EndpointRow endpoint;
  storage::AttemptRow attempt;
  webhooks::EventPage page;
  webhooks::EventDetail detail;
  std::vector<storage::DeliveryRow> deliveries;
  std::vector<AskedWebhooks> asked;

 private:
  AskedWebhooks& Note(std::string method, domain::ApplicationId application, std::string id) {
    AskedWebhooks& note = asked.emplace_back();
    note.method = std::move(method);
    note.application = application;
    note.id = std::move(id);
    return note;
  }
  AskedWebhooks& Looked(std::string method, const webhooks::LookCall& call, std::string id) {
    AskedWebhooks& note = Note(std::move(method), call.application, std::move(id));
    note.received_us = call.received_us;
    return note;
  }
  AskedWebhooks& Changed(std::string method, const webhooks::ChangeCall& call, std::string id) {
    AskedWebhooks& note = Note(std::move(method), call.application, std::move(id));
    note.merchant = call.merchant;
    note.nonce = call.nonce;
    note.trace = call.trace;
    return note;
  }
  template <typename T>
  void Answer(T value, const webhooks::Done<T>& done) const {
    if (refusal) return done(base::Fail(*refusal));
    done(std::move(value));
  }

  const base::UnixMs now_ms_;
};

}  // namespace multihub::testing
