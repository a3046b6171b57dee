#include "http/connection.h"
#include "http/responder_slot.h"
#include "multihub/base/check.h"

namespace multihub::http {

void Responder::Slot::Answer(Response response) { connection_->Answer(sequence_, std::move(response)); }

void Responder::Slot::Abandon() { connection_->Abandon(sequence_); }

Responder& Responder::operator=(Responder&& other) noexcept {
  const auto mine = std::exchange(slot_, std::move(other.slot_));
  if (mine) mine->Abandon();
  return *this;
}

Responder::~Responder() {
  if (slot_) slot_->Abandon();
}

void Responder::Send(Response response) {
  MULTIHUB_CHECK(slot_ != nullptr);
  const auto slot = std::move(slot_);
  slot->Answer(std::move(response));
}

}  // namespace multihub::http
