// Names as lists write them: whatever is taken is well-formed, and lists what it says.
#include <cstdint>
#include <string_view>

#include "loaders/name_text.h"
#include "tables/name_builder.h"
#include "tests/fuzz/require.h"

namespace {

using rblitz::NameLabels;

void RequireWellFormed(const NameLabels& name) {
  size_t at = 0;
  size_t labels = 0;
  for (; at < name.size; at += size_t{name.bytes[at]} + 1, ++labels) {
    rblitz::Require(name.bytes[at] > 0 && name.bytes[at] < 64);
  }
  rblitz::Require(at == name.size && name.size <= NameLabels::kMaxSize && labels <= rblitz::kMaxLabels);
}

void RequireListed(const NameLabels& name) {
  rblitz::Verdicts verdicts;
  rblitz::NameBuilder builder(&verdicts);
  builder.Add(name.span(), rblitz::NameForm::kBoth, 1);
  rblitz::BuildReport report;
  const rblitz::NameTable table = builder.Build(nullptr, &report);
  rblitz::Require(table.Lookup(name.span()).value == 1);
  rblitz::Require(table.Lookup(name.span().subspan(size_t{name.bytes[0]} + 1)).below);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const rblitz::NameCase letters : {rblitz::NameCase::kLower, rblitz::NameCase::kKept}) {
    if (const auto name = rblitz::NameFromRbldnsd(text, letters)) RequireWellFormed(*name);
  }
  if (const auto name = rblitz::NameFromList(text)) {
    rblitz::Require(name->size > 0);
    RequireWellFormed(*name);
    RequireListed(*name);
  }
  return 0;
}
