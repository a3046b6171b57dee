#include "handlers/payment_request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "handlers/request_fields.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/base/utf8.h"
#include "multihub/domain/event_names.h"
#include "multihub/domain/receiver.h"

namespace multihub::handlers {
namespace {

constexpr std::size_t kMaxClientId = 128;
constexpr std::size_t kMaxDescription = 1024;
constexpr std::size_t kMaxLanguage = 10;
constexpr std::size_t kMaxCountry = 3;
constexpr std::size_t kMaxPersonal = 255;  // everything about a payer or receiver

using Text = std::optional<std::string_view>;

// What the provider is told about the payer.
struct PayerTexts {
  Text description, language, country;
  Text email, phone, first_name, last_name, account_id;
};

class PaymentRequestReader {
 public:
  PaymentRequestReader(domain::Direction direction, const HandlerOptions& options, const rpc::CallContext& context)
      : options_(options), context_(context) {
    command_.direction = direction;
  }

  // The order of the lines is the order of the checks.
  errors::Outcome<payments::AcceptPayment> Read() {
    command_.service_id = fields_.RequiredServiceId(context_.service_id);
    payment_ = fields_.RequiredObject({context_.params, "params"}, "params.payment");
    if (base::SeededFault("amount-before-payer")) ReadAmount();
    if (is_payout()) {
      ReadReceiver();
    } else {
      payer_ = fields_.RequiredObject(payment_, "params.payment.payer");
    }
    ReadAmount();
    ReadClientId();
    ReadPayer();
    ReadWebhook();
    if (!fields_.ok()) return base::Fail(fields_.TakeProblem());
    AddWhatIsKnown();
    return std::move(command_);
  }

 private:
  bool is_payout() const { return command_.direction == domain::Direction::kOut; }

  void ReadReceiver() {
    const Branch receiver = fields_.RequiredObject(payment_, "params.payment.receiver");
    for (std::size_t i = 0; i < domain::kReceiverFieldCount; ++i) {
      const auto field = static_cast<domain::ReceiverField>(i);
      const Text text = fields_.OptionalText(receiver, domain::PathOf(field), kMaxPersonal);
      if (text) command_.receiver[field] = std::string(*text);
    }
  }

  void ReadAmount() {
    const Branch amount = fields_.RequiredObject(payment_, "params.payment.amount");
    const base::WholeNumber value = fields_.RequiredWholeNumber(amount, "value");
    command_.amount = value.value;
    command_.amount_out_of_range = value.kind != base::WholeNumber::Kind::kInRange;
    command_.currency = fields_.RequiredText(amount, "currency");
  }

  void ReadClientId() {
    const Branch identifiers = fields_.OptionalObject(payment_, "params.payment.identifiers");
    const base::JsonValue sent = fields_.Optional(identifiers, "c_id");
    const bool numbers_allowed = !context_.application.strict_identifiers;
    if (sent.is_string() && IsClientIdText(sent.string())) {
      command_.c_id = {std::string(sent.string()), false};
      if (base::SeededFault("c-id-trimmed")) std::erase(command_.c_id.text, ' ');
      return;
    }
    if (sent.is_number() && numbers_allowed) {
      const base::WholeNumber number = base::ParseWholeNumber(sent.number_text());
      if (number.kind == base::WholeNumber::Kind::kInRange && number.value >= 0) {
        command_.c_id = {std::to_string(number.value), !base::SeededFault("c-id-becomes-text")};
        return;
      }
    }
    fields_.Refuse(identifiers, "c_id",
                   numbers_allowed ? "is required and must be a non-empty string of at most 128 characters without "
                                     "control characters, or a whole number from 0 to 9007199254740991"
                                   : "is required and must be a non-empty string of at most 128 characters without "
                                     "control characters; this application does not accept numbers");
  }

  static bool IsClientIdText(std::string_view text) {
    return !text.empty() && base::CountUtf8Characters(text) <= kMaxClientId && !base::HasControlCharacters(text);
  }

  void ReadPayer() {
    PayerTexts texts;
    texts.description = fields_.OptionalText(payment_, "description", kMaxDescription);
    const Branch client = fields_.OptionalObject(payment_, "params.payment.client");
    texts.language = fields_.OptionalText(client, "language", kMaxLanguage);
    texts.country = fields_.OptionalText(client, "country", kMaxCountry);
    if (is_payout()) payer_ = fields_.OptionalObject(payment_, "params.payment.payer");
    texts.email = fields_.OptionalText(payer_, "email", kMaxPersonal);
    texts.phone = fields_.OptionalText(payer_, "phone", kMaxPersonal);
    texts.first_name = fields_.OptionalText(payer_, "person.first_name", kMaxPersonal);
    texts.last_name = fields_.OptionalText(payer_, "person.last_name", kMaxPersonal);
    texts.account_id = fields_.OptionalText(payer_, "customer_account.id", kMaxPersonal);
    if (fields_.ok()) command_.payer = RenderPayer(texts);
  }

  static void WriteText(base::JsonWriter* writer, std::string_view key, const Text& text) {
    if (text) writer->Key(key).String(*text);
  }

  static std::string RenderPayer(const PayerTexts& texts) {
    std::string json;
    base::JsonWriter writer(&json);
    writer.BeginObject();
    WriteText(&writer, "description", texts.description);
    if (texts.language || texts.country) {
      writer.Key("client").BeginObject();
      WriteText(&writer, "language", texts.language);
      WriteText(&writer, "country", texts.country);
      writer.EndObject();
    }
    writer.Key("payer").BeginObject();
    WriteText(&writer, "email", texts.email);
    WriteText(&writer, "phone", texts.phone);
    if (texts.first_name || texts.last_name) {
      writer.Key("person").BeginObject();
      WriteText(&writer, "first_name", texts.first_name);
      WriteText(&writer, "last_name", texts.last_name);
      writer.EndObject();
    }
    if (texts.account_id) writer.Key("customer_account").BeginObject().Key("id").String(*texts.account_id).EndObject();
    writer.EndObject().EndObject();
    return json;
  }

  void ReadWebhook() {
    if (const Text url = fields_.OptionalText(payment_, "webhook_url")) {
      if (const std::optional<std::string> problem = webhooks::CheckWebhookUrl(*url, options_.webhook_url)) {
        fields_.Refuse(payment_, "webhook_url", *problem);
      }
      command_.webhook_url = *url;
    }
    const std::optional<std::vector<std::string>> events = fields_.OptionalNames(payment_, "webhook_events");
    if (!events) return;
    const std::optional<std::string> filter = domain::JoinFilter(*events);
    if (filter && std::all_of(events->begin(), events->end(), domain::IsKnownEvent)) {
      command_.webhook_events = *filter;
    } else {
      fields_.Refuse(payment_, "webhook_events", "must hold known event names only");
    }
  }

  void AddWhatIsKnown() {
    command_.application_id = context_.application.id;
    command_.merchant_id = context_.application.merchant_id;
    command_.test = context_.application.test;
    command_.balance_enabled = context_.application.balance_enabled;
    command_.access = context_.directory.Access(context_.application.id, command_.service_id);
    command_.received_us = context_.received_us;
    command_.trace = context_.trace;
  }

  const HandlerOptions& options_;
  const rpc::CallContext& context_;
  RequestFields fields_;
  Branch payment_;
  Branch payer_;
  payments::AcceptPayment command_;
};

}  // namespace

errors::Outcome<payments::AcceptPayment> ReadPaymentRequest(domain::Direction direction, const HandlerOptions& options,
                                                            const rpc::CallContext& context) {
  return PaymentRequestReader(direction, options, context).Read();
}

}  // namespace multihub::handlers
