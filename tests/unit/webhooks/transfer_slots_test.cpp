#include "webhooks/transfer_slots.h"

#include <catch2/catch.hpp>

#include "webhooks/endpoint_room.h"

using namespace multihub;
using namespace multihub::webhooks;

namespace {

OriginKey Key(std::int64_t application, int origin) { return {{application}, "o" + std::to_string(origin)}; }

// Takes as many as are to be had; returns how many.
int TakeAll(TransferSlots* slots, const OriginKey& key) {
  int taken = 0;
  for (; slots->HasRoomFor(key); ++taken) slots->Take(key);
  return taken;
}

}  // namespace

TEST_CASE("an origin gets its share, an application its own, all together no more than all") {
  TransferSlots slots(256, 32, 8);
  CHECK(TakeAll(&slots, Key(1, 1)) == 8);
  CHECK(TakeAll(&slots, Key(1, 2)) == 8);
  CHECK(TakeAll(&slots, Key(2, 1)) == 8);
  CHECK(TakeAll(&slots, Key(1, 3)) == 8);
  CHECK(TakeAll(&slots, Key(1, 4)) == 8);
  CHECK(TakeAll(&slots, Key(1, 5)) == 0);
  slots.Free(Key(1, 1));
  CHECK(TakeAll(&slots, Key(1, 5)) == 1);
  CHECK(slots.taken() == 40);
}

TEST_CASE("a few applications with many dead receivers leave room for everybody else") {
  TransferSlots slots(256, 32, 8);
  for (int application = 1; application <= 20; ++application) {
    for (int origin = 0; origin < 4; ++origin) TakeAll(&slots, Key(application, origin));
  }
  CHECK_FALSE(slots.full());
  for (int application = 100; application < 102; ++application) CHECK(TakeAll(&slots, Key(application, 1)) == 4);
}

TEST_CASE("an endpoint has room up to its limit, and none before the beginning and after the end") {
  EndpointRoom room(2);
  CHECK_FALSE(room.HasRoom("wh_1"));
  room.Open();
  CHECK(room.HasRoom("wh_1"));
  room.Take("wh_1");
  room.Take("wh_1");
  CHECK_FALSE(room.HasRoom("wh_1"));
  CHECK(room.HasRoom("wh_2"));
  room.SetLimit("wh_1", 3);
  CHECK(room.HasRoom("wh_1"));
  room.SetLimit("wh_1", 0);
  room.Free("wh_1");
  CHECK_FALSE(room.HasRoom("wh_1"));
  room.Free("wh_1");
  room.Forget("wh_1");
  CHECK(room.HasRoom("wh_1"));
  room.Close();
  CHECK_FALSE(room.HasRoom("wh_2"));
}
