#include "http/response_head.h"

#include <charconv>
#include <cstring>
#include <ctime>

#include "multihub/base/check.h"

namespace multihub::http {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

bool IsFieldValue(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", made once a second and thread.
std::string_view DateField() {
  thread_local std::time_t made_for = -1;
  thread_local char text[48];
  thread_local std::size_t length = 0;
  const std::time_t now = std::time(nullptr);
  if (now != made_for) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    const auto two = [](char* at, int value) {
      at[0] = static_cast<char>('0' + value / 10 % 10);
      at[1] = static_cast<char>('0' + value % 10);
    };
    std::memcpy(text, "Date: ddd, 00 mmm 0000 00:00:00 GMT\r\n", 37);
    std::memcpy(text + 6, kDays[utc.tm_wday], 3);
    two(text + 11, utc.tm_mday);
    std::memcpy(text + 14, kMonths[utc.tm_mon], 3);
    two(text + 18, (utc.tm_year + 1900) / 100);
    two(text + 20, (utc.tm_year + 1900) % 100);
    two(text + 23, utc.tm_hour);
    two(text + 26, utc.tm_min);
    two(text + 29, utc.tm_sec);
    length = 37;
    made_for = now;
  }
  return {text, length};
}

void AppendNumber(std::size_t value, std::string* out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out->append(digits, end);
}

void AppendField(std::string_view name, std::string_view value, std::string* out) {
  MULTIHUB_CHECK(IsFieldValue(value));
  out->append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void AppendResponse(const Response& response, Persistence persistence, bool without_body, std::string* out) {
  out->reserve(out->size() + 320 + response.body.size());
  out->append("HTTP/1.1 ");
  AppendNumber(static_cast<std::size_t>(response.status), out);
  out->append(" ").append(Reason(response.status)).append("\r\n").append(DateField());
  AppendField("Content-Type", response.content_type, out);
  out->append("Content-Length: ");
  AppendNumber(response.body.size(), out);
  out->append("\r\n");
  for (const auto& [name, value] : response.headers) AppendField(name, value, out);
  if (persistence == Persistence::kClose) {
    out->append("Connection: close\r\n");
  } else if (persistence == Persistence::kKeepAliveToOldClient) {
    out->append("Connection: keep-alive\r\n");
  }
  out->append("\r\n");
  if (!without_body) out->append(response.body);
}

}  // namespace multihub::http
