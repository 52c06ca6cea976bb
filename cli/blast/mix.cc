#include "cli/blast/mix.h"

#include <charconv>
#include <cstdio>
#include <iterator>

#include "cli/blast/lines.h"
#include "loaders/list_text.h"

namespace rblitz::blast {

namespace {

constexpr unsigned kMostWeight = 1'000'000;
constexpr unsigned kNeighbours = 16;

struct NamedKind {
  std::string_view name;
  MixKind kind;
};
constexpr NamedKind kKinds[] = {
    {"ip4", MixKind::kIp4}, {"names", MixKind::kNames}, {"grey", MixKind::kGrey}, {"heat", MixKind::kHeat}};

// What a kind puts before the zone at most, in wire form.
size_t MostBefore(MixKind kind) { return kind == MixKind::kGrey ? 2 * 33 + 16 : kind == MixKind::kNames ? 64 : 16; }

std::string Reversed(uint32_t address) {
  char text[16];
  std::snprintf(text, sizeof text, "%u.%u.%u.%u", address & 255, address >> 8 & 255, address >> 16 & 255,
                address >> 24);
  return text;
}

// Both names are known to fit together.
dns::Name Under(const dns::Name& front, const dns::Name& zone) {
  dns::Name name = front;
  const size_t before = front.size - size_t{1};  // without the root label
  std::copy_n(zone.bytes.begin(), zone.size, name.bytes.begin() + static_cast<ptrdiff_t>(before));
  name.size = static_cast<uint8_t>(before + zone.size);
  return name;
}

std::optional<AddressRange> RangeOf(std::string_view word) {
  const std::optional<Octets> octets = TakeOctets(word, LeadingZeros::kDecimal);
  if (!octets || octets->count != 4) return std::nullopt;
  if (word.empty()) return AddressRange{octets->address, octets->address};
  if (word.front() != '/') return std::nullopt;
  word.remove_prefix(1);
  const std::optional<uint32_t> length = TakeNumber(word, 32);
  return length && word.empty() ? PrefixRange(octets->address, *length) : std::nullopt;
}

bool LooksLikeAddress(std::string_view word) {
  return word.find_first_not_of("0123456789./") == std::string_view::npos && word.find('.') != std::string_view::npos;
}

}  // namespace

Result<Mix> ParseMix(const std::string& text) {
  const auto bad = [&text](const std::string& what) { return Fail("bad mix '" + text + "': " + what); };
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return bad("want KIND:ZONE[:WEIGHT]");
  const size_t second = text.find(':', colon + 1);
  Mix mix = {.kind = MixKind::kIp4, .zone = dns::NameFromText(text.substr(colon + 1, second - colon - 1))};
  const std::string_view kind = std::string_view(text).substr(0, colon);
  const auto* const named =
      std::find_if(std::begin(kKinds), std::end(kKinds), [kind](const NamedKind& known) { return known.name == kind; });
  if (named == std::end(kKinds)) return bad("kinds are ip4, names, grey and heat");
  mix.kind = named->kind;
  if (mix.zone.size == 0) return bad("bad zone");
  if (MostBefore(mix.kind) + mix.zone.size > dns::kMaxName) return bad("the zone's name is too long");
  if (second == std::string::npos) return mix;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + second + 1, end, mix.weight);
  if (error != std::errc() || rest != end || mix.weight == 0 || mix.weight > kMostWeight) {
    return bad("a weight is a number from 1 to " + std::to_string(kMostWeight));
  }
  return mix;
}

Result<Listed> ReadListed(const std::string& path) {
  Listed listed;
  const auto take = [&listed](std::string_view line) -> Status {
    const std::string_view word = TakeListWord(line);
    if (LooksLikeAddress(word)) {
      const std::optional<AddressRange> range = RangeOf(word);
      if (!range) return Fail("bad address or prefix " + Quoted(word));
      listed.ranges.push_back(*range);
      return {};
    }
    const dns::Name name = dns::NameFromText(word);
    if (name.size <= 1) return Fail("neither an address nor a name: " + Quoted(word));
    listed.names.push_back(name);
    return {};
  };
  if (Status read = ReadLines(path, take); !read) return tl::unexpected(read.error());
  return listed;
}

MixMaker::MixMaker(std::vector<Mix> mixes, Listed listed, double share, uint64_t seed)
    : mixes_(std::move(mixes)), listed_(std::move(listed)), share_(share), random_(seed) {
  std::vector<double> weights;
  for (const Mix& mix : mixes_) weights.push_back(mix.weight);
  choose_ = std::discrete_distribution<size_t>(weights.begin(), weights.end());
}

void MixMaker::Fill(size_t count, QuestionSet& set) {
  for (size_t i = 0; i < count; ++i) set.Add(Make(mixes_[choose_(random_)]), dns::kA);
}

bool MixMaker::PicksListed() { return static_cast<double>(random_() >> 11) * 0x1p-53 < share_; }

uint32_t MixMaker::Address() {
  if (listed_.ranges.empty() || !PicksListed()) return static_cast<uint32_t>(random_());
  const AddressRange& range = listed_.ranges[random_() % listed_.ranges.size()];
  return range.first + static_cast<uint32_t>(random_() % (uint64_t{range.last} - range.first + 1));
}

std::string MixMaker::RandomName() {
  std::string name;
  for (uint64_t labels = 2 + random_() % 2; labels > 0; --labels) {
    for (uint64_t size = 3 + random_() % 10; size > 0; --size) name += static_cast<char>('a' + random_() % 26);
    if (labels > 1) name += '.';
  }
  return name;
}

dns::Name MixMaker::Make(const Mix& mix) {
  switch (mix.kind) {
    case MixKind::kIp4:
      return Under(dns::NameFromText(Reversed(Address())), mix.zone);
    case MixKind::kNames: {
      const bool listed = !listed_.names.empty() && PicksListed();
      const dns::Name name = listed ? listed_.names[random_() % listed_.names.size()] : dns::Name{};
      // A listed name that is too long for this zone cannot be asked for.
      const bool fits = name.size > 0 && name.size - size_t{1} + mix.zone.size <= dns::kMaxName;
      return Under(fits ? name : dns::NameFromText(RandomName()), mix.zone);
    }
    case MixKind::kGrey: {
      char hashes[66];
      const uint64_t digits[] = {random_(), random_(), random_(), random_()};
      std::snprintf(hashes, sizeof hashes, "%016lx%016lx.%016lx%016lx", digits[0], digits[1], digits[2], digits[3]);
      return Under(dns::NameFromText(hashes + ("." + Reversed(static_cast<uint32_t>(random_())))), mix.zone);
    }
    case MixKind::kHeat:
      if (left_ == 0) {
        hot_ = Address();
        left_ = kNeighbours;
      }
      --left_;
      hot_ = (hot_ & 0xffffff00) | ((hot_ + 1) & 0xff);
      break;
  }
  return Under(dns::NameFromText(Reversed(hot_)), mix.zone);
}

}  // namespace rblitz::blast
