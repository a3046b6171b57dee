#include "payments/jobs.h"

#include "multihub/observability/log.h"

namespace multihub::payments {

using observability::Alert;
using observability::Log;
using observability::LogField;
using observability::LogLevel;

void Job::HandOverDeliveries() {
  if (!deliveries.empty() && !hooks->owner.empty()) hooks->committed(std::move(deliveries));
}

void AcceptJob::Committed() {
  HandOverDeliveries();
  if (refusal) {
    done(base::Fail(std::move(*refusal)));
  } else {
    done(std::move(payment));
  }
}

void AcceptJob::Failed(bool outcome_unknown, const std::string& internal) {
  done(base::Fail(errors::HubError((outcome_unknown ? "outcome unknown: " : "not stored: ") + internal)));
}

void ReportJob::Committed() {
  HandOverDeliveries();
  if (kept_now) {
    Alert(kept_reason, {{LogField::kPaymentId, h_id}, {LogField::kDetail, "reported by " + source}});
  }
  if (done) done(*this);
}

void ReportJob::Failed(bool, const std::string& internal) {
  // Nothing is lost: the payment is still due, and the reconciler asks again.
  Log(LogLevel::kWarn, "report_not_stored", {{LogField::kPaymentId, h_id}, {LogField::kDetail, internal}});
  if (storage_failed) storage_failed(internal);
}

void NotifyJob::Committed() {
  HandOverDeliveries();
  if (refusal) {
    done(base::Fail(std::move(*refusal)));
  } else {
    done(payment);
  }
}

void NotifyJob::Failed(bool, const std::string& internal) { done(base::Fail(errors::HubError(internal))); }

}  // namespace multihub::payments
