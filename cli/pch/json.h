// What most of cli includes, precompiled where b_pch is on (see tables/pch/standard.h).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tables/pch/standard.h"
