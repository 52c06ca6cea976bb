// One data set of a combined feed while it is read: a draft of its own, with a format of its own.
//
// Thread-safety: none.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loaders/feed_draft.h"
#include "loaders/formats.h"
#include "tables/snapshot.h"

namespace rblitz {

struct PartDraft {
  PartDraft(const FeedConfig& config, const FeedFormat* its_format, std::vector<std::string> its_zones)
      : format(its_format), zones(std::move(its_zones)), draft(config, its_format->precedence, data.get()) {
    draft.content = its_format->content;
  }

  const FeedFormat* const format;
  const std::vector<std::string> zones;  // as FeedPart has them
  const std::shared_ptr<FeedData> data = std::make_shared<FeedData>();
  FeedDraft draft;
};

}  // namespace rblitz
