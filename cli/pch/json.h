// What most of cli includes, precompiled where b_pch is on (see tables/pch/standard.h).
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tables/pch/standard.h"
