#include "cli/greylists.h"

#include <sys/random.h>

#include <algorithm>
#include <utility>

namespace rblitz {

namespace {

// Where nothing is kept, places of rows are drawn anew at each start.
uint64_t DrawSeed() {
  uint64_t seed = 1;
  static_cast<void>(getrandom(&seed, sizeof(seed), 0));
  return seed;
}

Result<Greylists::One> OpenOne(const GreylistConfig& config, size_t workers) {
  Greylists::One one{.zone = config.zone.name, .store = config.store, .state = {}, .keeper = {}};
  std::unique_ptr<GreyStore> store;
  if (!config.store.empty()) {
    auto opened = GreyStore::Open(config.store);
    if (!opened) return Fail("greylist " + one.zone + ": " + opened.error().message);
    store = *std::move(opened);
  }
  one.state = std::make_shared<Greylist>(Greylist::Setup{.max_triplets = config.max_triplets,
                                                         .seed = store != nullptr ? store->seed() : DrawSeed(),
                                                         .masks = config.masks,
                                                         .workers = workers,
                                                         .keeps_journal = store != nullptr});
  one.keeper =
      std::make_unique<GreyKeeper>(one.zone, one.state, std::move(store), config.rules, config.journal_interval_ms);
  return one;
}

}  // namespace

ZoneConfig ZoneOf(const GreylistConfig& config, std::shared_ptr<Greylist> state) {
  ZoneConfig zone = config.zone;
  zone.grey = GreyZoneConfig{.state = std::move(state),
                             .rules = config.rules,
                             .observe = config.observe,
                             .block = config.block,
                             .opted_out = config.opted_out};
  return zone;
}

Result<std::unique_ptr<Greylists>> Greylists::Open(const Config& config, size_t workers) {
  auto greylists = std::make_unique<Greylists>();
  for (const GreylistConfig& greylist : config.greylists) {
    Result<One> one = OpenOne(greylist, workers);
    if (!one) return tl::unexpected(one.error());
    greylists->all_.push_back(*std::move(one));
  }
  return greylists;
}

Status Greylists::GiveTo(const User& user) const {
  for (const One& one : all_) {
    if (one.store.empty()) continue;
    if (Status given = rblitz::GiveTo(one.store, user); !given) return given;
  }
  return {};
}

void Greylists::Start() {
  for (const One& one : all_) one.keeper->Start();
}

void Greylists::Stop() {
  for (const One& one : all_) one.keeper->Stop();
}

std::vector<ZoneConfig> Greylists::ZonesOf(const Config& config) const {
  std::vector<ZoneConfig> zones = config.zones;
  for (const GreylistConfig& greylist : config.greylists) {
    if (const One* const one = Find(greylist.zone.name)) zones.push_back(ZoneOf(greylist, one->state));
  }
  return zones;
}

void Greylists::Apply(const Config& config) {
  for (const GreylistConfig& greylist : config.greylists) {
    if (const One* const one = Find(greylist.zone.name)) one->keeper->SetInterval(greylist.journal_interval_ms);
  }
}

const Greylists::One* Greylists::Find(std::string_view zone) const {
  const auto found = std::ranges::find(all_, zone, &One::zone);
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace rblitz
