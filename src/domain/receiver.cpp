#include "multihub/domain/receiver.h"

#include <algorithm>
#include <span>

#include "multihub/base/check.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::domain {
namespace {

constexpr std::array<std::string_view, kReceiverFieldCount> kPaths = {
    "person.first_name", "person.last_name", "email",       "phone",   "bank.code", "bank.name",
    "bank.ifsc",         "bank.account.id",  "card.number", "upi.vpa", "payid",     "payid_type"};

constexpr std::string_view kPrefix = "receiver.";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char c) { return IsUpper(c) || (c >= 'a' && c <= 'z'); }
bool IsAlphanumeric(char c) { return IsLetter(c) || IsDigit(c); }

bool All(std::string_view text, bool (*accepts)(char)) { return std::all_of(text.begin(), text.end(), accepts); }

bool AllDigits(std::string_view text, std::size_t shortest, std::size_t longest) {
  return text.size() >= shortest && text.size() <= longest && All(text, IsDigit);
}

// Sum over the digits, each times the weight at its place; the weights repeat.
int WeightedSum(std::string_view digits, std::span<const int> weights) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * weights[i % weights.size()];
  return sum;
}

// The last digit brings the weighted sum of the others to a multiple of ten.
bool HasCheckDigit(std::string_view digits, std::span<const int> weights) {
  const int check = digits.back() - '0';
  return (WeightedSum(digits.substr(0, digits.size() - 1), weights) + check) % 10 == 0;
}

bool IsLabel(std::string_view label) {
  const auto in_label = [](char c) { return IsAlphanumeric(c) || c == '-'; };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' && All(label, in_label);
}

// Two or more labels; the last is a word, so that no IPv4 address passes for a domain.
bool IsDomainName(std::string_view name) {
  for (bool dotted = false;; dotted = true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (!IsLabel(label)) return false;
    if (dot == std::string_view::npos) return dotted && !All(label, IsDigit);
    name.remove_prefix(dot + 1);
  }
}

bool IsIndianAccount(std::string_view text) {
  return text.size() >= 6 && text.size() <= 20 && All(text, IsAlphanumeric);
}
bool IsBsb(std::string_view text) { return AllDigits(text, 6, 6); }
bool IsAustralianAccount(std::string_view text) { return AllDigits(text, 5, 9); }
bool IsCardNumber(std::string_view text) { return AllDigits(text, 12, 19) && PassesLuhn(text); }
bool IsPayidType(std::string_view text) { return text == "email" || text == "phone" || text == "abn"; }

struct FieldRule {
  ReceiverField field;
  bool (*accepts)(std::string_view);
  std::string_view requirement;  // "must be …"
};

using Field = ReceiverField;

constexpr FieldRule kClabeRules[] = {
    {Field::kBankAccountId, IsValidClabe, "must be a CLABE: 18 digits with a correct check digit"}};
constexpr FieldRule kIndianAccountRules[] = {
    {Field::kBankAccountId, IsIndianAccount, "must be 6 to 20 letters and digits"},
    {Field::kBankIfsc, IsValidIfsc,
     "must be an IFSC: four upper-case letters, a zero, then six upper-case letters or digits"}};
constexpr FieldRule kVpaRules[] = {{Field::kUpiVpa, IsValidVpa, "must be a UPI address of the form name@handle"}};
constexpr FieldRule kCbuRules[] = {
    {Field::kBankAccountId, IsValidCbu, "must be a CBU or CVU: 22 digits with both check digits correct"}};
constexpr FieldRule kAustralianAccountRules[] = {{Field::kBankCode, IsBsb, "must be a BSB of 6 digits"},
                                                 {Field::kBankAccountId, IsAustralianAccount, "must be 5 to 9 digits"}};
constexpr FieldRule kPayidRules[] = {{Field::kPayid, nullptr, ""},  // judged by its type, below
                                     {Field::kPayidType, IsPayidType, "must be one of email, phone, abn"}};
constexpr FieldRule kCardRules[] = {
    {Field::kCardNumber, IsCardNumber, "must be a card number: 12 to 19 digits with a correct check digit"}};

struct RouteRule {
  std::string_view currency;  // empty: any
  std::string_view method;
  std::span<const FieldRule> fields;
};

constexpr RouteRule kRouteRules[] = {
    {"MXN", "spei", kClabeRules},
    {"INR", "bank_transfer", kIndianAccountRules},
    {"INR", "upi", kVpaRules},
    {"ARS", "bank_transfer", kCbuRules},
    {"AUD", "bank_transfer", kAustralianAccountRules},
    {"AUD", "payid", kPayidRules},
    {"", "card", kCardRules},
};

// What a payid must be for its type.
struct PayidRule {
  std::string_view type;
  bool (*accepts)(std::string_view);
  std::string_view requirement;
};

constexpr PayidRule kPayidByType[] = {
    {"email", IsValidEmail, "must be an e-mail address when payid_type is email"},
    {"phone", IsValidAustralianPhone,
     "must be an Australian phone number of the form +61-412345678 or +61412345678 when payid_type is phone"},
    {"abn", IsValidAbn, "must be an ABN of 11 digits with correct check digits when payid_type is abn"},
};

FieldProblem Problem(std::string_view path, std::string_view requirement) {
  FieldProblem problem;
  problem.field = "params.payment.receiver.";
  problem.field += path;
  problem.description = problem.field;
  problem.description += ' ';
  problem.description += requirement;
  return problem;
}

bool IsGiven(const std::optional<std::string>& value) { return value.has_value() && !value->empty(); }

std::optional<FieldProblem> CheckField(const FieldRule& rule, const Receiver& receiver) {
  const std::optional<std::string>& value = receiver[rule.field];
  if (!IsGiven(value)) return Problem(PathOf(rule.field), "is required");
  if (rule.accepts == nullptr || rule.accepts(*value)) return std::nullopt;
  return Problem(PathOf(rule.field), rule.requirement);
}

std::optional<FieldProblem> CheckPayidValue(const Receiver& receiver) {
  const std::string& type = *receiver[Field::kPayidType];
  for (const PayidRule& rule : kPayidByType) {
    if (rule.type != type) continue;
    if (rule.accepts(*receiver[Field::kPayid])) return std::nullopt;
    return Problem(PathOf(Field::kPayid), rule.requirement);
  }
  return std::nullopt;
}

const RouteRule* FindRouteRule(const Route& route) {
  for (const RouteRule& rule : kRouteRules) {
    const bool currency_fits = rule.currency.empty() || rule.currency == route.currency.code();
    if (currency_fits && rule.method == route.method) return &rule;
  }
  return nullptr;
}

std::optional<FieldProblem> CheckRouteRule(const Route& route, const Receiver& receiver) {
  const RouteRule* rule = FindRouteRule(route);
  if (rule == nullptr) return std::nullopt;
  for (const FieldRule& field : rule->fields) {
    if (auto problem = CheckField(field, receiver)) return problem;
  }
  if (rule->fields.data() == kPayidRules) return CheckPayidValue(receiver);
  return std::nullopt;
}

std::string_view WithoutPrefix(std::string_view path) {
  return path.substr(0, kPrefix.size()) == kPrefix ? path.substr(kPrefix.size()) : path;
}

// A required path that no receiver can have is refused too: paying out without a field the route insists on would be
// the worse mistake.
std::optional<FieldProblem> CheckRequired(const std::string& path, const Receiver& receiver) {
  const std::optional<ReceiverField> field = ReceiverFieldOf(path);
  if (field.has_value() && IsGiven(receiver[*field])) return std::nullopt;
  return Problem(WithoutPrefix(path), "is required");
}

}  // namespace

std::string_view PathOf(ReceiverField field) {
  const auto index = static_cast<std::size_t>(field);
  MULTIHUB_CHECK(index < kPaths.size());
  return kPaths[index];
}

std::optional<ReceiverField> ReceiverFieldOf(std::string_view path) {
  const auto* found = std::find(kPaths.begin(), kPaths.end(), WithoutPrefix(path));
  if (found == kPaths.end()) return std::nullopt;
  return static_cast<ReceiverField>(found - kPaths.begin());
}

std::optional<FieldProblem> CheckReceiver(const Route& route, const Receiver& receiver) {
  if (auto problem = CheckRouteRule(route, receiver)) return problem;
  for (const std::string& path : route.required) {
    if (auto problem = CheckRequired(path, receiver)) return problem;
  }
  return std::nullopt;
}

bool IsValidClabe(std::string_view text) {
  static constexpr int kWeights[] = {3, 7, 1};
  return AllDigits(text, 18, 18) && HasCheckDigit(text, kWeights);
}

bool IsValidCbu(std::string_view text) {
  static constexpr int kBankWeights[] = {7, 1, 3, 9};
  static constexpr int kAccountWeights[] = {3, 9, 7, 1};
  if (!AllDigits(text, 22, 22)) return false;
  if (base::SeededFault("second-check-digit-ignored")) return HasCheckDigit(text.substr(0, 8), kBankWeights);
  return HasCheckDigit(text.substr(0, 8), kBankWeights) && HasCheckDigit(text.substr(8), kAccountWeights);
}

bool PassesLuhn(std::string_view digits) {
  if (digits.empty() || !All(digits, IsDigit)) return false;
  int sum = 0;
  bool doubled = false;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    int value = *digit - '0';
    if (doubled) value = value < 5 ? value * 2 : value * 2 - 9;
    sum += value;
    doubled = !doubled;
  }
  return sum % 10 == 0;
}

bool IsValidAbn(std::string_view text) {
  static constexpr int kWeights[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
  // The first digit counts one less; an ABN never starts with zero.
  if (!AllDigits(text, 11, 11) || text.front() == '0') return false;
  return (WeightedSum(text, kWeights) - kWeights[0]) % 89 == 0;
}

bool IsValidIfsc(std::string_view text) {
  if (text.size() != 11 || text[4] != '0' || !All(text.substr(0, 4), IsUpper)) return false;
  return All(text.substr(5), [](char c) { return IsUpper(c) || IsDigit(c); });
}

bool IsValidVpa(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, at);
  const std::string_view handle = text.substr(at + 1);
  const auto in_name = [](char c) { return IsAlphanumeric(c) || c == '.' || c == '-' || c == '_'; };
  if (name.size() < 2 || !IsAlphanumeric(name.front()) || !All(name, in_name)) return false;
  return handle.size() >= 2 && handle.size() <= 64 && IsLetter(handle.front()) && All(handle, IsAlphanumeric);
}

bool IsValidEmail(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  const auto in_local = [](char c) {
    return IsAlphanumeric(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  };
  if (!All(local, in_local) || local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  return IsDomainName(text.substr(at + 1));
}

bool IsValidAustralianPhone(std::string_view text) {
  constexpr std::string_view kCountry = "+61";
  if (text.substr(0, kCountry.size()) != kCountry) return false;
  text.remove_prefix(kCountry.size());
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  // The national number without its leading zero: geographic (2, 3, 7, 8), mobile (4) or location independent (5).
  return AllDigits(text, 9, 9) && std::string_view("234578").find(text.front()) != std::string_view::npos;
}

std::string MaskCardNumber(std::string_view number) {
  MULTIHUB_CHECK(AllDigits(number, 12, 19));
  std::string masked(number);
  std::fill(masked.begin() + 6, masked.end() - 4, '*');
  return masked;
}

}  // namespace multihub::domain
