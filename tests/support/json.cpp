#include "support/json.h"

template class nlohmann::basic_json<>;
template class nlohmann::basic_json<nlohmann::ordered_map>;
MULTIHUB_TEST_JSON(, nlohmann::json);
MULTIHUB_TEST_JSON(, nlohmann::ordered_json);
