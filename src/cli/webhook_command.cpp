#include <future>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "cli/webhook_door.h"
#include "cli/webhook_sending.h"
#include "multihub/auth/directory.h"
#include "multihub/base/json_writer.h"
#include "multihub/net/http_client.h"
#include "multihub/webhooks/sender.h"
#include "multihub/webhooks/target_check.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::cli {
namespace {

using storage::EndpointRow;
using webhooks::EndpointSettings;
using webhooks::Unit;

struct ListOptions {
  std::optional<std::int64_t> application;
  std::string source = std::string(storage::kSourceConfigured);
};

struct SettingOptions {
  std::optional<std::string> url, description;
  std::vector<std::string> events;
  std::optional<std::int64_t> max_retries, retry_delay_s, timeout_s;
};

struct CreateOptions {
  std::int64_t application = 0;
  SettingOptions settings;
};

struct UpdateOptions {
  std::string id;
  SettingOptions settings;
};

std::optional<std::int64_t> Within(const std::string& option, const webhooks::Bounds& bounds,
                                   std::optional<std::int64_t> value) {
  if (value && !webhooks::IsWithin(bounds, *value)) throw Refused(option + " " + webhooks::RuleOf(bounds) + ".");
  return value;
}

// What is wrong with a URL: with its text, or with where it leads now.
std::optional<std::string> ProblemOf(const std::string& url, const webhooks::WebhookUrlOptions& rules) {
  if (auto problem = webhooks::CheckWebhookUrl(url, rules)) return problem;
  return webhooks::JudgeTarget(url, rules.policy, net::SystemResolver());
}

EndpointSettings ToSettings(const SettingOptions& options, const webhooks::WebhookUrlOptions& url_rules) {
  EndpointSettings settings;
  if (options.url) {
    if (const auto problem = ProblemOf(*options.url, url_rules)) throw Refused("--url " + *problem + ".");
    settings.url = options.url;
  }
  if (!options.events.empty()) {
    settings.events = webhooks::SubscriptionOf(options.events);
    if (!settings.events) throw Refused("--events must be names of events, such as payment.completed, or * alone.");
  }
  if (options.description && !webhooks::IsEndpointDescription(*options.description)) {
    throw Refused("--description " + std::string(webhooks::kDescriptionRule) + ".");
  }
  settings.description = options.description;
  settings.max_retries = Within("--max-retries", webhooks::kMaxRetriesBounds, options.max_retries);
  settings.retry_delay_s = Within("--retry-delay", webhooks::kRetryDelayBoundsS, options.retry_delay_s);
  settings.timeout_s = Within("--timeout", webhooks::kTimeoutBoundsS, options.timeout_s);
  return settings;
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return OrDash(joined);
}

std::string OrDefault(const std::optional<std::int64_t>& value) { return value ? std::to_string(*value) : "default"; }

std::string EnabledText(const EndpointRow& row) { return row.enabled ? "on" : "off (" + row.disabled_reason + ")"; }

std::string RenderText(const EndpointRow& row) {
  return FormatTable({{"webhook", row.id},
                      {"application", std::to_string(row.application_id.value)},
                      {"url", row.url},
                      {"source", row.source},
                      {"enabled", EnabledText(row)},
                      {"events", Joined(webhooks::NamesOf(row.events))},
                      {"description", OrDash(row.description)},
                      {"max_retries", OrDefault(row.max_retries)},
                      {"retry_delay", OrDefault(row.retry_delay_s)},
                      {"timeout", OrDefault(row.timeout_s)},
                      {"created", MomentText(row.created_ms)}});
}

std::string RenderJson(const EndpointRow& row, const base::SecretString* secret = nullptr) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("webhook");
  webhooks::AppendEndpoint(&writer, row, webhooks::View::kOperator, secret);
  writer.EndObject();
  return json;
}

void PrintWithSecret(Context* context, const EndpointRow& row, const base::SecretString& secret,
                     const std::string& more) {
  context->Print(RenderJson(row, &secret),
                 "webhook  " + row.id + "\nsecret   " + std::string(secret.Reveal()) + "\n" + more);
}

EndpointRow Find(WebhookDoor* door, const std::string& id) {
  return WebhookDoor::Require(webhooks::GetEndpoint(door->session(), std::nullopt, id), NoWebhook(id));
}

void List(Context* context, const ListOptions& options) {
  WebhookDoor door(context);
  std::vector<domain::ApplicationId> applications;
  if (options.application) {
    applications.push_back(RequireApplication(door.session(), ToApplicationId(*options.application)).id);
  } else {
    for (const storage::ApplicationRow& row : storage::LoadDirectory(door.session()).applications) {
      applications.push_back(row.id);
    }
  }
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("webhooks").BeginArray();
  std::vector<std::vector<std::string>> table = {{"webhook", "application", "enabled", "events", "url"}};
  for (const domain::ApplicationId application : applications) {
    for (const EndpointRow& row : webhooks::ListEndpoints(door.session(), application, options.source)) {
      webhooks::AppendEndpoint(&writer, row, webhooks::View::kOperator);
      table.push_back({row.id, std::to_string(application.value), EnabledText(row),
                       Joined(webhooks::NamesOf(row.events)), row.url});
    }
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

void Show(Context* context, const std::string& id) {
  WebhookDoor door(context);
  const EndpointRow row = Find(&door, id);
  context->Print(RenderJson(row), RenderText(row));
}

void Create(Context* context, const CreateOptions& options) {
  const domain::ApplicationId application = ToApplicationId(options.application);
  WebhookDoor door(context);
  RequireApplication(door.session(), application);
  const EndpointSettings settings = ToSettings(options.settings, door.UrlRules());
  const webhooks::EndpointWithSecret made =
      webhooks::MakeEndpoint(application, settings, door.Key(), door.clock().NowMs(), base::SystemRandomInstance());
  const EndpointRow row =
      door.Change<EndpointRow>("There is no application " + std::to_string(application.value) + ".",
                               [&](const Unit& unit) { return webhooks::CreateEndpoint(unit, made.row); });
  PrintWithSecret(context, row, made.secret, "The secret is not shown again.");
}

void Update(Context* context, const UpdateOptions& options) {
  WebhookDoor door(context);
  const EndpointSettings settings = ToSettings(options.settings, door.UrlRules());
  const EndpointRow row = door.Change<EndpointRow>(NoConfiguredWebhook(options.id), [&](const Unit& unit) {
    return webhooks::ChangeEndpoint(unit, options.id, settings);
  });
  context->Print(RenderJson(row), RenderText(row));
}

void Switch(Context* context, const std::string& id, bool enabled) {
  WebhookDoor door(context);
  const EndpointRow row = door.Change<EndpointRow>(
      NoWebhook(id), [&](const Unit& unit) { return webhooks::SwitchEndpoint(unit, id, enabled); });
  context->Print(RenderJson(row),
                 "Webhook " + id + (enabled ? " is enabled." : " is disabled; what waited has failed."));
}

void Delete(Context* context, const std::string& id) {
  WebhookDoor door(context);
  std::optional<EndpointRow> removed;
  door.Change<EndpointRow>(NoWebhook(id), [&](const Unit& unit) {
    auto outcome = webhooks::RemoveEndpoint(unit, id);
    if (outcome) removed = outcome.value();
    // An earlier run's commit, of which nobody knew the end, had happened.
    if (!outcome && removed) return errors::Outcome<EndpointRow>(*removed);
    return outcome;
  });
  context->Print(RenderJson(*removed), "Webhook " + id + " is deleted; what waited has failed.");
}

void RotateSecret(Context* context, const std::string& id) {
  WebhookDoor door(context);
  const webhooks::SealedSecret made = webhooks::MakeSecret(id, door.Key(), base::SystemRandomInstance());
  const EndpointRow row = door.Change<EndpointRow>(
      NoConfiguredWebhook(id), [&](const Unit& unit) { return webhooks::RotateEndpointSecret(unit, id, made.sealed); });
  PrintWithSecret(context, row, made.secret,
                  "The previous secret signs as well until " + MomentText(row.previous_until_ms) +
                      ". The new one is not shown again.");
}

// ---- test ----

webhooks::SentAttempt Send(Context* context, WebhookDoor* door, const webhooks::OutgoingWebhook& webhook) {
  const auto directory = auth::Directory::Build(
      storage::LoadDirectory(door->session()), door->Key(), [](const std::string&) { return true; },
      [](const std::string&) {});
  const Config& config = context->config();
  net::HttpClient client(WebhookClientOptions(config.webhooks, door->UrlRules(), config.http.listen, config.ops.listen),
                         net::SystemResolver());
  webhooks::Sender sender(
      client, [&](domain::ApplicationId id) { return WebhookSecrets(*directory, id, door->clock().NowMs()); },
      door->Key(), door->clock(), base::SystemRandomInstance());
  std::promise<webhooks::SentAttempt> answer;
  sender.Send(webhook, [&](webhooks::SentAttempt sent) { answer.set_value(std::move(sent)); });
  webhooks::SentAttempt sent = answer.get_future().get();
  client.Stop();
  return sent;
}

void Test(Context* context, const std::string& id) {
  WebhookDoor door(context);
  const EndpointRow row =
      door.Change<EndpointRow>(NoWebhook(id), [&](const Unit& unit) { return webhooks::EndpointToTest(unit, id); });
  const domain::MerchantId merchant = RequireApplication(door.session(), row.application_id).merchant_id;
  const webhooks::SentAttempt sent =
      Send(context, &door, webhooks::MakeTest(row, merchant, door.clock().NowMs(), base::SystemRandomInstance()));
  const storage::AttemptRow attempt = webhooks::AttemptOf(sent);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("webhook");
  webhooks::AppendEndpoint(&writer, row, webhooks::View::kOperator);
  writer.Key("attempt");
  webhooks::AppendAttempt(&writer, attempt);
  writer.EndObject();
  const std::string outcome = attempt.http_status == 0 ? attempt.error : "HTTP " + std::to_string(attempt.http_status);
  context->Print(json, FormatTable({{"answered", outcome},
                                    {"milliseconds", std::to_string(attempt.duration_ms)},
                                    {"answer", OrDash(webhooks::ShowableText(attempt.answer))}}));
  if (webhooks::Sender::IsSuccess(sent.answer)) return;
  const std::string detail = sent.answer.detail.empty() ? "" : " (" + sent.answer.detail + ")";
  throw Refused("The receiver did not take the test: " + outcome + detail + ".");
}

// ---- declarations ----

void AddSettings(Command command, SettingOptions* settings, Command::Need url_need) {
  if (url_need == Command::Need::kOptional) command.Option("--url", &settings->url, "Where to");
  command.Option("--events", &settings->events, "Names of events, such as payment.completed, or * for all")
      .Option("--description", &settings->description, "For people; at most 255 characters")
      .Option("--max-retries", &settings->max_retries, "0 to 20, instead of the default schedule")
      .Option("--retry-delay", &settings->retry_delay_s, "Seconds before the first retry, doubled each time; 1 to 3600")
      .Option("--timeout", &settings->timeout_s, "Seconds for one attempt, 1 to 30 (30)");
}

void AddCreate(Command* group, Context* context) {
  auto options = std::make_shared<CreateOptions>();
  auto url = std::make_shared<std::string>();
  Command command = group->Add("create", "Creates a webhook and prints its secret, this once",
                               "multihub webhook create --app 1 --url https://shop.example/hooks --events '*'");
  command.Option("--app", &options->application, "Its application", Command::Need::kRequired)
      .Option("--url", url.get(), "Where to", Command::Need::kRequired)
      .Run([context, options, url] {
        options->settings.url = *url;
        Create(context, *options);
      });
  AddSettings(command, &options->settings, Command::Need::kRequired);
}

void AddUpdate(Command* group, Context* context) {
  auto options = std::make_shared<UpdateOptions>();
  Command command = group->Add("update", "Changes what is given and leaves the rest",
                               "multihub webhook update wh_01hx3q7k2m4v8d5e6f7g8h9j0k --description \"order system\"");
  command.Option("id", &options->id, "The webhook", Command::Need::kRequired).Run([context, options] {
    Update(context, *options);
  });
  AddSettings(command, &options->settings, Command::Need::kOptional);
}

void AddOnOne(Command* group, const std::string& word, const std::string& help,
              const std::function<void(const std::string& id)>& action) {
  auto id = std::make_shared<std::string>();
  group->Add(word, help, "multihub webhook " + word + " wh_01hx3q7k2m4v8d5e6f7g8h9j0k")
      .Option("id", id.get(), "The webhook", Command::Need::kRequired)
      .Run([id, action] { action(*id); });
}

}  // namespace

void AddWebhook(Command* root, Context* context) {
  Command group = root->Group("webhook", "Webhooks: where applications hear of events");
  auto list = std::make_shared<ListOptions>();
  group.Add("list", "Shows webhooks, the oldest first", "multihub webhook list --app 1")
      .Option("--app", &list->application, "Of this application")
      .Choice("--source", &list->source,
              {std::string(storage::kSourceConfigured), std::string(storage::kSourceInRequest)},
              "in_request: those that payments named (configured)", Command::Need::kOptional)
      .Run([context, list] { List(context, *list); });
  AddOnOne(&group, "show", "Shows one webhook, without its secret",
           [context](const std::string& id) { Show(context, id); });
  AddCreate(&group, context);
  AddUpdate(&group, context);
  AddOnOne(&group, "test", "Sends a test now and tells what was answered",
           [context](const std::string& id) { Test(context, id); });
  AddOnOne(&group, "enable", "Sends to it again", [context](const std::string& id) { Switch(context, id, true); });
  AddOnOne(&group, "disable", "Sends nothing more to it; what waits fails",
           [context](const std::string& id) { Switch(context, id, false); });
  AddOnOne(&group, "delete", "Removes it; what waits fails", [context](const std::string& id) { Delete(context, id); });
  AddOnOne(&group, "rotate-secret", "Gives it a new secret and prints it, this once; both sign for a day",
           [context](const std::string& id) { RotateSecret(context, id); });
}

}  // namespace multihub::cli
