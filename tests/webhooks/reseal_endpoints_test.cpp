#include "multihub/webhooks/reseal_endpoints.h"

#include <catch2/catch.hpp>

#include "webhooks/dispatcher_fixture.h"

using namespace multihub;
using namespace multihub::webhooks_test;

TEST_CASE("under a new master key webhooks are signed as before") {
  const auto engine = GENERATE(storage::Engine::kSqlite, storage::Engine::kMysql);
  World world(engine);
  const auto endpoint =
      world.AddEndpoint(1, world.receiver.Url("/hook"), storage::kSourceConfigured, [&](storage::EndpointRow& row) {
        row.sealed_previous_secret =
            base::Seal(world.key, storage::EndpointSecretPlace(row.id), world.endpoint_secret.Reveal(), world.random);
      });
  world.AddEndpoint(1, world.receiver.Url("/other"), storage::kSourceInRequest);
  const auto next = base::MasterKey::Generate(base::SystemRandomInstance());
  CHECK(webhooks::ResealEndpoints(*world.session, world.key, next, world.random) == 1);
  const auto row = storage::FindEndpoint(*world.session, endpoint.id);
  const std::string place = storage::EndpointSecretPlace(endpoint.id);
  for (const std::string& sealed : {row->sealed_secret, row->sealed_previous_secret}) {
    CHECK_FALSE(base::Unseal(world.key, place, sealed).has_value());
    const auto opened = base::Unseal(next, place, sealed);
    REQUIRE(opened.has_value());
    CHECK(opened->Reveal() == world.endpoint_secret.Reveal());
  }
  // Under the wrong one nothing opens, and the caller is told.
  CHECK_FALSE(webhooks::ResealEndpoints(*world.session, world.key, next, world.random).has_value());
}
