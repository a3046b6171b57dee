#include "multihub/base/clock.h"

#include <chrono>
#include <cstddef>
#include <string_view>

#include "multihub/base/check.h"

namespace multihub::base {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::int64_t kMsPerMinute = 60 * kMsPerSecond;
constexpr std::int64_t kMsPerDay = 24 * 60 * kMsPerMinute;
constexpr UnixMs kEndOfYear9999Ms = 253402300799999;

struct CivilDate {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// The years of the next two functions start in March, so that a leap day is the last day of its year and the month
// lengths follow one linear formula.
constexpr std::int64_t kDaysPerEra = 146097;             // 400 years
constexpr std::int64_t kDaysFromYearZeroMarch = 719468;  // 0000-03-01 to 1970-01-01

constexpr std::int64_t DaysFromCivil(const CivilDate& date) {
  const std::int64_t march_year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = march_year / 400;
  const std::int64_t year_of_era = march_year - era * 400;
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysFromYearZeroMarch;
}

constexpr CivilDate CivilFromDays(std::int64_t days_since_1970) {
  const std::int64_t days = days_since_1970 + kDaysFromYearZeroMarch;
  const std::int64_t era = days / kDaysPerEra;
  const std::int64_t day_of_era = days - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (kDaysPerEra - 1)) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const auto month = static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

static_assert(DaysFromCivil({1970, 1, 1}) == 0);
static_assert(DaysFromCivil({2000, 2, 29}) == 11016);

constexpr unsigned DaysInMonth(std::int64_t year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

void PutDigits(char* out, std::size_t width, std::int64_t value) {
  for (std::size_t i = width; i-- > 0;) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Reads a text from left to right; each step says whether it fitted.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }

  bool Take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits.
  bool TakeNumber(std::size_t width, std::int64_t* value) {
    if (rest_.size() < width) return false;
    *value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      *value = *value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return true;
  }

  // One to nine digits after the point, cut to milliseconds.
  bool TakeFraction(std::int64_t* ms) {
    constexpr std::size_t kMaxDigits = 9;
    std::size_t digits = 0;
    std::int64_t scale = 100;
    *ms = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      *ms += (rest_[digits] - '0') * scale;
      scale /= 10;
      ++digits;
    }
    rest_.remove_prefix(digits);
    return digits >= 1 && digits <= kMaxDigits;
  }

 private:
  std::string_view rest_;
};

bool TakeDate(Cursor* cursor, std::int64_t* days) {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (!cursor->TakeNumber(4, &year) || !cursor->Take('-') || !cursor->TakeNumber(2, &month) || !cursor->Take('-') ||
      !cursor->TakeNumber(2, &day)) {
    return false;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const CivilDate date{year, static_cast<unsigned>(month), static_cast<unsigned>(day)};
  if (date.day > DaysInMonth(date.year, date.month)) return false;
  *days = DaysFromCivil(date);
  return true;
}

bool TakeTimeOfDay(Cursor* cursor, std::int64_t* ms) {
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  if (!cursor->TakeNumber(2, &hour) || !cursor->Take(':') || !cursor->TakeNumber(2, &minute) || !cursor->Take(':') ||
      !cursor->TakeNumber(2, &second)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  std::int64_t fraction_ms = 0;
  if (cursor->Take('.') && !cursor->TakeFraction(&fraction_ms)) return false;
  *ms = (hour * 60 + minute) * kMsPerMinute + second * kMsPerSecond + fraction_ms;
  return true;
}

bool TakeOffset(Cursor* cursor, std::int64_t* ms) {
  *ms = 0;
  if (cursor->Take('Z')) return true;
  std::int64_t sign = 1;
  if (!cursor->Take('+')) {
    if (!cursor->Take('-')) return false;
    sign = -1;
  }
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  if (!cursor->TakeNumber(2, &hours) || !cursor->Take(':') || !cursor->TakeNumber(2, &minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  *ms = sign * (hours * 60 + minutes) * kMsPerMinute;
  return true;
}

}  // namespace

UnixMs SystemClock::NowMs() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

std::int64_t SystemClock::MonotonicUs() const {
  const auto since_origin = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_origin).count();
}

std::string FormatIso8601(UnixMs at_ms) {
  MULTIHUB_CHECK(at_ms >= 0 && at_ms <= kEndOfYear9999Ms);
  const CivilDate date = CivilFromDays(at_ms / kMsPerDay);
  const std::int64_t ms_of_day = at_ms % kMsPerDay;
  std::string text = "0000-00-00T00:00:00.000Z";
  PutDigits(&text[0], 4, date.year);
  PutDigits(&text[5], 2, date.month);
  PutDigits(&text[8], 2, date.day);
  PutDigits(&text[11], 2, ms_of_day / (60 * kMsPerMinute));
  PutDigits(&text[14], 2, ms_of_day / kMsPerMinute % 60);
  PutDigits(&text[17], 2, ms_of_day / kMsPerSecond % 60);
  PutDigits(&text[20], 3, ms_of_day % kMsPerSecond);
  return text;
}

bool ParseIso8601(const std::string& text, UnixMs* at_ms) {
  Cursor cursor(text);
  std::int64_t days = 0;
  std::int64_t ms_of_day = 0;
  std::int64_t offset_ms = 0;
  if (!TakeDate(&cursor, &days) || !cursor.Take('T') || !TakeTimeOfDay(&cursor, &ms_of_day) ||
      !TakeOffset(&cursor, &offset_ms) || !cursor.at_end()) {
    return false;
  }
  const UnixMs result = days * kMsPerDay + ms_of_day - offset_ms;
  if (result < 0 || result > kEndOfYear9999Ms) return false;
  *at_ms = result;
  return true;
}

}  // namespace multihub::base
