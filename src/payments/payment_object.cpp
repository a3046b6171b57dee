#include "multihub/payments/payment_object.h"

#include "multihub/base/clock.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/errors/code.h"

namespace multihub::payments {
namespace {

using base::JsonWriter;
using domain::Payment;
using domain::PaymentStatus;
using domain::ReceiverField;

void AppendIdentifiers(JsonWriter* json, const Payment& p) {
  json->Key("identifiers").BeginObject().Key("c_id");
  if (p.c_id.numeric) {
    json->Raw(p.c_id.text);
  } else {
    json->String(p.c_id.text);
  }
  json->Key("h_id").String(p.h_id);
  if (!p.p_id.empty() || base::SeededFault("empty-p-id-shown")) json->Key("p_id").String(p.p_id);
  if (!p.utr.empty()) json->Key("utr").String(p.utr);
  json->EndObject();
}

void AppendStatus(JsonWriter* json, PaymentStatus status) {
  json->Key("status").BeginObject();
  json->Key("status").String(domain::NameOf(status));
  json->Key("final").Bool(domain::IsFinal(status));
  json->Key("success");
  if (domain::IsFinal(status)) {
    json->Bool(domain::IsSuccessful(status));
  } else {
    json->Null();
  }
  json->Key("error");
  const bool blamed = base::SeededFault("canceled-is-a-provider-error") && status == PaymentStatus::kCanceled;
  if (status == PaymentStatus::kError || status == PaymentStatus::kDeclined || blamed) {
    const errors::CatalogueRow& row = errors::RowOf(errors::Code::kProviderError);
    json->BeginObject().Key("code").Int(static_cast<std::int64_t>(row.code)).Key("message").String(row.message);
    json->EndObject();
  } else {
    json->Null();
  }
  json->EndObject();
}

void AppendTimestamps(JsonWriter* json, const Payment& p) {
  json->Key("timestamps").BeginObject();
  if (base::SeededFault("timestamps-in-seconds")) {
    json->Key("created").String(base::FormatIso8601(p.created_ms).substr(0, 19) + "Z");
  } else {
    json->Key("created").String(base::FormatIso8601(p.created_ms));
  }
  json->Key("updated").String(
      base::FormatIso8601(base::SeededFault("updated-stands-still") ? p.created_ms : p.updated_ms));
  json->Key("finished");
  if (p.finished_ms != 0) {
    json->String(base::FormatIso8601(p.finished_ms));
  } else {
    json->Null();
  }
  json->EndObject();
}

// One level of the receiver: fields in the whitelist's order, groups opened where their first field stands.
class ReceiverWriter {
 public:
  ReceiverWriter(JsonWriter* json, const domain::Receiver& receiver) : json_(json), receiver_(receiver) {}

  void Write() {
    json_->BeginObject();
    Group("person", {{"first_name", ReceiverField::kFirstName}, {"last_name", ReceiverField::kLastName}});
    Field("email", ReceiverField::kEmail);
    Field("phone", ReceiverField::kPhone);
    Bank();
    Group("card", {{"number", ReceiverField::kCardNumber}});
    Group("upi", {{"vpa", ReceiverField::kUpiVpa}});
    Field("payid", ReceiverField::kPayid);
    Field("payid_type", ReceiverField::kPayidType);
    json_->EndObject();
  }

 private:
  struct Named {
    std::string_view key;
    ReceiverField field;
  };

  bool Has(ReceiverField field) const { return receiver_[field].has_value(); }

  void Field(std::string_view key, ReceiverField field) {
    if (Has(field)) json_->Key(key).String(*receiver_[field]);
  }

  void Group(std::string_view key, std::initializer_list<Named> fields) {
    bool any = false;
    for (const Named& named : fields) any = any || Has(named.field);
    if (!any) return;
    json_->Key(key).BeginObject();
    for (const Named& named : fields) Field(named.key, named.field);
    json_->EndObject();
  }

  void Bank() {
    if (!Has(ReceiverField::kBankCode) && !Has(ReceiverField::kBankName) && !Has(ReceiverField::kBankIfsc) &&
        !Has(ReceiverField::kBankAccountId)) {
      return;
    }
    json_->Key("bank").BeginObject();
    Field("code", ReceiverField::kBankCode);
    Field("name", ReceiverField::kBankName);
    Field("ifsc", ReceiverField::kBankIfsc);
    Group("account", {{"id", ReceiverField::kBankAccountId}});
    json_->EndObject();
  }

  JsonWriter* json_;
  const domain::Receiver& receiver_;
};

}  // namespace

void AppendPaymentObject(std::string* out, const Payment& p) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("amount").BeginObject().Key("value").Int(p.amount.minor);
  json.Key("currency").String(p.amount.currency.code()).EndObject();
  AppendIdentifiers(&json, p);
  AppendStatus(&json, p.status);
  json.Key("status_version").Int(base::SeededFault("status-version-stuck") ? 1 : p.status_version);
  AppendTimestamps(&json, p);
  json.Key("destination").String(domain::NameOf(p.direction));
  json.Key("service_id").Int(p.service_id.value);
  if (!p.redirect.empty()) json.Key("redirect").BeginObject().Key("to").String(p.redirect).EndObject();
  json.Key("receiver");
  if (p.direction == domain::Direction::kOut) {
    ReceiverWriter(&json, p.receiver).Write();
  } else {
    json.BeginObject().EndObject();
  }
  json.Key("operations").BeginArray().EndArray();
  json.EndObject();
}

}  // namespace multihub::payments
