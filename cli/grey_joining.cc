#include "cli/grey_joining.h"

#include <utility>

#include "cli/grey_rows.h"

namespace rblitz {

namespace {

// A request is at most 64 KiB (cli/control.h); this leaves room for what stands around the rows.
constexpr size_t kMaxRows = 60 * 1024;

}  // namespace

Status GreyJoining::Add(const TripletRow& row) {
  Json json = GreyRowJson(row, server_.settings().masks);
  const size_t size = DumpJson(json).size() + 1;
  if (size_ + size > kMaxRows) {
    if (Status sent = Send(); !sent) return sent;
  }
  rows_.push_back(std::move(json));
  size_ += size;
  return {};
}

Status GreyJoining::Send() {
  if (rows_.empty()) return {};
  const Result<Json> joined = server_.Ask("join", {{"rows", std::move(rows_)}});
  rows_ = Json::array();
  size_ = 0;
  if (!joined) return tl::unexpected(joined.error());
  if (!joined->is_object()) return Fail(server_.control() + ": that is no answer of rblitzd");
  const auto count = [&](const char* key) {
    const Json number = joined->value(key, Json());
    return number.is_number_unsigned() ? number.get<uint64_t>() : 0;
  };
  done_->joined += count("joined");
  done_->expired += count("expired");
  done_->full += count("full");
  return {};
}

}  // namespace rblitz
