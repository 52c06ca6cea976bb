// A control server that has a greylist of its own making: rows in a map, and the answers that a test gives it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/control.h"
#include "cli/event_loop.h"
#include "cli/grey_name.h"
#include "cli/grey_rows.h"
#include "cli/json.h"

namespace rblitz {

inline constexpr GreyMasks kFakeMasks{.ip4 = 24, .ip6 = 64};

class FakeGreyServer {
 public:
  FakeGreyServer(const std::string& path, const std::string& key_file) : loop_(EventLoop::Create().value()) {
    zones_.push_back(Zone("grey.test", key_file));
    auto server = ControlServer::Open(path, loop_.get(), [this](ControlServer::ClientId client, std::string_view line) {
      server_->Reply(client, DumpJson(Answer(line)));
    });
    EXPECT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~FakeGreyServer() {
    loop_->Post([this] { loop_->Stop(); });
    thread_.join();
  }

  static Json Zone(const std::string& zone, const std::string& key_file) {
    return {{"zone", zone},
            {"key_file", key_file},
            {"delay", 300u},
            {"window", 86400u},
            {"lifetime", 3024000u},
            {"auto_whitelist", 2u},
            {"mask_v4", kFakeMasks.ip4},
            {"mask_v6", kFakeMasks.ip6}};
  }

  // All of these between two commands only.
  std::map<TripletKey, TripletRow> rows;
  std::map<std::string, Json> answers;  // by action, instead of the usual ones
  std::vector<Json> requests;           // but for config
  size_t largest_request = 0;
  size_t page = 50;  // slots at a time, whatever is asked for
  void SetZones(Json zones) { zones_ = std::move(zones); }

 private:
  Json Answer(std::string_view line) {
    largest_request = std::max(largest_request, line.size());
    const Json request = ParseJson(line);
    const std::string action = request.value("action", "");
    if (action == "config") return {{"result", {{"zones", zones_}}}};
    requests.push_back(request);
    if (answers.contains(action)) return answers[action];
    if (action == "rows") return {{"result", Rows(request)}};
    if (action == "join") return Join(request);
    if (action == "lookup" && request.contains("name")) return {{"result", Lookup(request["name"].get<std::string>())}};
    return {{"error", "grey: the test has no answer to " + action}};
  }

  // Slots are rows in their order; those that are not asked for are there, and not told.
  Json Rows(const Json& request) {
    const auto from = request["from"].get<size_t>();
    const size_t to = std::min(from + page, rows.size());
    Json result = {{"rows", Json::array()}, {"next", to < rows.size() ? Json(to) : Json()}};
    auto at = std::next(rows.begin(), static_cast<ptrdiff_t>(std::min(from, rows.size())));
    for (size_t i = from; i < to; ++i, ++at) {
      const Json json = GreyRowJson(at->second, kFakeMasks);
      const bool is_asked = !request.contains("network") || json["network"] == request["network"];
      if (is_asked) result["rows"].push_back(json);
    }
    return result;
  }

  Json Join(const Json& request) {
    uint64_t joined = 0;
    for (const Json& json : request["rows"]) {
      const auto row = GreyRowFromJson(json);
      if (!row) return {{"error", "join: " + row.error().message}};
      const auto [at, is_new] = rows.emplace(row->key, *row);
      if (!is_new) at->second = rblitz::Join(at->second, *row);
      ++joined;
    }
    return {{"result", {{"joined", joined}, {"expired", 0u}, {"full", 0u}}}};
  }

  Json Lookup(const std::string& labels) {
    const Result<GreyQuestion> question = GreyQuestionOf(labels, kFakeMasks);
    if (!question) return {{"a", nullptr}};
    const auto row = rows.find(KeyOf(question->triplet));
    const bool has_passed = row != rows.end() && row->second.passed;
    Json result = {{"zone", "grey.test"},
                   {"a", has_passed ? "127.0.0.3" : "127.0.0.4"},
                   {"state", has_passed ? "pass" : "defer"},
                   {"why", has_passed ? "known" : "new"}};
    result["wait"] = has_passed ? Json() : Json(287);
    result["row"] = row == rows.end() ? Json() : GreyRowJson(row->second, kFakeMasks);
    return result;
  }

  Json zones_ = Json::array();
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ControlServer> server_;
  std::thread thread_;
};

}  // namespace rblitz
