#include "webhooks/attempt_metrics.h"

#include <catch2/catch.hpp>
#include <string>

namespace multihub::webhooks {
namespace {

using net::CallError;
using net::OutgoingAnswer;

OutgoingAnswer Answered(int status) {
  OutgoingAnswer answer;
  answer.status = status;
  answer.duration_ms = 20;
  return answer;
}

OutgoingAnswer Unanswered(CallError error) {
  OutgoingAnswer answer;
  answer.error = error;
  return answer;
}

TEST_CASE("attempts are counted by the class of their status, or by why no answer came") {
  AttemptMetrics metrics;
  for (const int status : {200, 204, 302, 410, 500, 503, 599, 0, 999, -1}) metrics.Ended(Answered(status));
  for (const CallError error : {CallError::kRefusedTarget, CallError::kResolve, CallError::kConnect, CallError::kTls,
                                CallError::kTimeout, CallError::kTimeout, CallError::kNetwork}) {
    metrics.Ended(Unanswered(error));
  }
  metrics.DeliveryEnded(true);
  metrics.DeliveryEnded(false);
  CHECK(metrics.failed_attempts() == 15);
  CHECK(metrics.delivered() == 1);
  CHECK(metrics.failed() == 1);
  observability::MetricsPage page;
  metrics.Collect(&page);
  const std::string text = page.Text();
  for (const char* sample :
       {"outcome=\"1xx\"} 0", "outcome=\"2xx\"} 2", "outcome=\"3xx\"} 1", "outcome=\"4xx\"} 1", "outcome=\"5xx\"} 3",
        "outcome=\"odd_status\"} 3", "outcome=\"refused_target\"} 1", "outcome=\"resolve\"} 1",
        "outcome=\"connect\"} 1", "outcome=\"tls\"} 1", "outcome=\"timeout\"} 2", "outcome=\"network\"} 1",
        "multihub_webhook_attempt_duration_seconds_count 17",
        "multihub_webhook_attempt_duration_seconds_bucket{le=\"0.01\"} 7",
        "multihub_webhook_attempt_duration_seconds_bucket{le=\"0.025\"} 17"}) {
    INFO(text);
    INFO(sample);
    CHECK(text.find(std::string(sample) + "\n") != std::string::npos);
  }
}

}  // namespace
}  // namespace multihub::webhooks
