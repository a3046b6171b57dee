#include "conformance/checker.h"

#include <algorithm>
#include <map>
#include <optional>

#include "conformance/matchers.h"
#include "multihub/base/ids.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/whole_number.h"
#include "multihub/errors/code.h"

namespace multihub::conformance {
namespace {

using base::JsonType;
using base::JsonValue;

constexpr std::size_t kMaxComplaints = 5;

std::string CodeName(int code) { return code == 0 ? "success" : "code " + std::to_string(code); }

std::string NamesOf(const std::vector<int>& codes) {
  std::string names;
  for (const int code : codes) names += (names.empty() ? "" : " or ") + CodeName(code);
  return names;
}

const errors::CatalogueRow* RowOf(int code) {
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    if (static_cast<int>(row.code) == code) return &row;
  }
  return nullptr;
}

std::string KeysOf(JsonValue object) {
  std::string keys;
  for (std::size_t i = 0; object.is_object() && i < object.size(); ++i) {
    keys += (i == 0 ? "" : ", ") + std::string(object.key_at(i));
  }
  return keys;
}

// ---- what is looked at in each answer: nullopt says nothing about this clause, "" holds ----------------------------

using Finding = std::optional<std::string>;

Finding Envelope(const Observation& seen) {
  const JsonValue root = seen.answer.json();
  const std::string expected =
      std::string("success, ") + (seen.answer.code() == 0 ? "result" : "error") + ", request_id, processing_time";
  const std::string keys = KeysOf(root);
  return keys == expected ? "" : "the answer has the keys " + keys + ", expected in this order " + expected;
}

Finding ErrorObject(const Observation& seen) {
  if (seen.answer.code() == 0) return std::nullopt;
  const JsonValue error = seen.answer.json()["error"];
  const std::string keys = KeysOf(error);
  if (keys != "code, message, details, context") return "error has the keys " + keys;
  return error["message"].is_string() ? "" : "error.message is no string";
}

Finding Details(const Observation& seen) {
  if (seen.answer.code() == 0) return std::nullopt;
  const JsonValue details = seen.answer.json()["error"]["details"];
  const int code = *seen.answer.code();
  const std::string keys = code == 1005 ? "description, field" : code == 1000 ? "description" : "";
  if (keys.empty()) return details.given() ? "error.details is not null at " + CodeName(code) : "";
  if (KeysOf(details) != keys) return "error.details has the keys " + KeysOf(details) + " at " + CodeName(code);
  for (std::size_t i = 0; i < details.size(); ++i) {
    if (!details.member_at(i).is_string()) return "error.details." + std::string(details.key_at(i)) + " is no string";
  }
  return "";
}

Finding Context(const Observation& seen) {
  if (seen.answer.code() == 0) return std::nullopt;
  const int code = *seen.answer.code();
  const bool object = seen.answer.json()["error"]["context"].is_object();
  const bool given = seen.answer.json()["error"]["context"].given();
  const bool expected = code == 5000 || code == 6009;
  if (expected && !object) return "error.context is no object at " + CodeName(code);
  return !expected && given ? "error.context is not null at " + CodeName(code) : "";
}

Finding Message(const Observation& seen, bool published) {
  const int code = *seen.answer.code();
  const errors::CatalogueRow* row = RowOf(code);
  const bool is_published = code <= 3003 || code == 6010;
  if (code == 0 || is_published != published) return std::nullopt;
  if (row == nullptr) return "there is no code " + std::to_string(code) + " in the catalogue";
  const JsonValue message = seen.answer.json()["error"]["message"];
  if (message.is_string() && message.string() == row->message) return "";
  return CodeName(code) + " has another message than '" + std::string(row->message) + "'";
}

Finding HttpStatus(const Observation& seen) {
  const int code = *seen.answer.code();
  const errors::CatalogueRow* row = RowOf(code);
  const int expected = code == 0 ? 200 : row == nullptr ? 400 : row->http_status;
  if (seen.answer.http().status == expected) return "";
  return CodeName(code) + " came with HTTP " + std::to_string(seen.answer.http().status) + ", expected " +
         std::to_string(expected);
}

bool IsBeforeAuthentication(int code) {
  return code == 1001 || code == 1003 || code == 1007 || (code >= 3000 && code <= 3005);
}

Finding Signed(const Observation& seen) {
  const bool by_code = seen.authenticated && !IsBeforeAuthentication(*seen.answer.code());
  if (seen.is_signed == SignedAnswer::kNo || (seen.is_signed == SignedAnswer::kByCode && !by_code)) return std::nullopt;
  if (seen.answer.signature() == SignatureState::kVerified) return "";
  const bool absent = seen.answer.signature() == SignatureState::kAbsent;
  return CodeName(*seen.answer.code()) + (absent ? " is not signed" : " has a signature that does not verify");
}

Finding Unsigned(const Observation& seen) {
  const bool by_code = seen.is_signed == SignedAnswer::kByCode && IsBeforeAuthentication(*seen.answer.code());
  if (seen.is_signed != SignedAnswer::kNo && !by_code) return std::nullopt;
  if (seen.answer.signature() == SignatureState::kAbsent) return "";
  return CodeName(*seen.answer.code()) + " carries X-Data-Hash before the application was authenticated";
}

Finding RequestId(const Observation& seen) {
  const JsonValue id = seen.answer.json()["request_id"];
  return id.is_string() && base::IsUuidV4(id.string()) ? "" : "request_id is no UUID of version 4 in lower case";
}

Finding RequestIdHeader(const Observation& seen) {
  const std::string* header = seen.answer.http().Header("x-request-id");
  const JsonValue id = seen.answer.json()["request_id"];
  if (header == nullptr) return "X-Request-Id is missing";
  return id.is_string() && id.string() == *header ? "" : "X-Request-Id differs from request_id";
}

void WriteCompact(JsonValue value, std::string* out);

void WriteChildren(JsonValue value, std::string* out) {
  const bool object = value.is_object();
  *out += object ? '{' : '[';
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i > 0) *out += ',';
    if (object) {
      base::AppendJsonString(out, value.key_at(i));
      *out += ':';
    }
    WriteCompact(object ? value.member_at(i) : value.at(i), out);
  }
  *out += object ? '}' : ']';
}

// As JSON.stringify writes it; a number with a fraction as it stands.
void WriteCompact(JsonValue value, std::string* out) {
  switch (value.type()) {
    case JsonType::kString:
      base::AppendJsonString(out, value.string());
      break;
    case JsonType::kNumber: {
      const base::WholeNumber number = base::ParseWholeNumber(value.number_text());
      const bool whole = number.kind == base::WholeNumber::Kind::kInRange;
      *out += whole ? std::to_string(number.value) : std::string(value.number_text());
      break;
    }
    case JsonType::kArray:
    case JsonType::kObject:
      WriteChildren(value, out);
      break;
    default:
      *out += value.raw();
  }
}

Finding Compact(const Observation& seen) {
  std::string compact;
  WriteCompact(seen.answer.json(), &compact);
  return compact == seen.answer.http().body ? "" : "the body is not written as JSON.stringify would write it";
}

Finding ContentType(const Observation& seen) {
  const std::string* type = seen.answer.http().Header("content-type");
  if (type == nullptr) return "Content-Type is missing";
  const std::string media = type->substr(0, type->find_first_of("; "));
  return media == "application/json" ? "" : "Content-Type is " + *type;
}

Finding ProcessingTime(const Observation& seen) {
  const JsonValue time = seen.answer.json()["processing_time"];
  if (!time.is_number()) return "processing_time is no number";
  const std::string_view text = time.number_text();
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? "" : "processing_time is " + std::string(text) + ", expected whole milliseconds";
}

Finding Look(Watch watch, const Observation& seen) {
  switch (watch) {
    case Watch::kEnvelope:
      return Envelope(seen);
    case Watch::kErrorObject:
      return ErrorObject(seen);
    case Watch::kDetails:
      return Details(seen);
    case Watch::kContext:
      return Context(seen);
    case Watch::kPublishedMessages:
      return Message(seen, true);
    case Watch::kMessages:
      return Message(seen, false);
    case Watch::kHttpStatus:
      return HttpStatus(seen);
    case Watch::kSigned:
      return Signed(seen);
    case Watch::kUnsigned:
      return Unsigned(seen);
    case Watch::kRequestIds:
      return RequestId(seen);
    case Watch::kRequestIdHeader:
      return RequestIdHeader(seen);
    case Watch::kCompact:
      return Compact(seen);
    case Watch::kContentType:
      return ContentType(seen);
    case Watch::kProcessingTime:
      return ProcessingTime(seen);
  }
  return std::nullopt;
}

// "" when all differ.
std::string RepeatedId(const std::vector<Observation>& observations) {
  std::map<std::string, std::string> owners;
  for (const Observation& seen : observations) {
    if (!seen.answer.code()) continue;
    const JsonValue id = seen.answer.json()["request_id"];
    if (!id.is_string()) continue;
    const auto [owner, fresh] = owners.emplace(std::string(id.string()), seen.case_id);
    if (!fresh)
      return "the request_id " + owner->first + " stands in two answers (" + owner->second + " and " + seen.case_id +
             ")";
  }
  return "";
}

}  // namespace

Complaints JudgeFields(const std::vector<FieldRule>& rules, const Fields& fields) {
  Complaints complaints;
  for (const FieldRule& rule : rules) {
    std::string complaint = CheckField(rule.path, rule.rule, fields.At(rule.path));
    if (!complaint.empty()) complaints.push_back(std::move(complaint));
  }
  return complaints;
}

Complaints Judge(const Expectation& expect, const Answer& answer) {
  const bool right_code =
      answer.code() && std::find(expect.codes.begin(), expect.codes.end(), *answer.code()) != expect.codes.end();
  if (!expect.codes.empty() && !right_code) {
    // What else is wrong with another answer than the one expected says nothing.
    return {"answered " + Describe(answer) + "; expected " + NamesOf(expect.codes)};
  }
  Complaints complaints;
  if (expect.http_status && answer.http().status != *expect.http_status) {
    complaints.push_back("HTTP status is " + std::to_string(answer.http().status) + ", expected " +
                         std::to_string(*expect.http_status));
  }
  if (expect.is_signed == SignedAnswer::kYes && answer.signature() != SignatureState::kVerified) {
    complaints.push_back("the answer is not signed with this application's secret");
  }
  if (expect.is_signed == SignedAnswer::kNo && answer.signature() != SignatureState::kAbsent) {
    complaints.push_back("the answer carries X-Data-Hash, though nobody was authenticated");
  }
  if (expect.closes && !answer.http().closed) complaints.push_back("the connection stayed open after the answer");
  const Complaints fields = JudgeFields(expect.fields, Fields::Of(answer));
  complaints.insert(complaints.end(), fields.begin(), fields.end());
  return complaints;
}

Complaints JudgeCounts(const Expectation& expect, const std::vector<Answer>& answers) {
  std::map<int, int> counts;
  for (const Answer& answer : answers) ++counts[answer.code().value_or(-1)];
  std::map<int, int> expected;
  for (const auto& [code, count] : expect.counts) {
    if (count > 0) expected[code] = count;
  }
  Complaints complaints;
  if (counts != expected) {
    std::string text;
    for (const auto& [code, count] : counts) {
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + (code < 0 ? "no envelope" : CodeName(code));
    }
    std::string wanted;
    for (const auto& [code, count] : expected) {
      wanted += (wanted.empty() ? "" : ", ") + std::to_string(count) + " " + CodeName(code);
    }
    complaints.push_back("of the answers there are " + text + "; expected " + wanted);
  }
  return complaints;
}

Complaints JudgeWatch(Watch watch, const std::vector<Observation>& observations, int* looked_at) {
  Complaints complaints;
  std::size_t breaches = 0;
  *looked_at = 0;
  for (const Observation& seen : observations) {
    if (!seen.answer.code()) continue;
    const Finding finding = Look(watch, seen);
    if (!finding) continue;
    ++*looked_at;
    if (finding->empty()) continue;
    if (++breaches <= kMaxComplaints) complaints.push_back("in " + seen.case_id + ": " + *finding);
  }
  if (watch == Watch::kRequestIds) {
    if (const std::string repeated = RepeatedId(observations); !repeated.empty()) complaints.push_back(repeated);
  }
  if (breaches > kMaxComplaints) complaints.push_back("... " + std::to_string(breaches) + " answers in all");
  return complaints;
}

}  // namespace multihub::conformance
