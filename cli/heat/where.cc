#include "cli/heat/where.h"

#include <charconv>
#include <optional>
#include <variant>

#include "loaders/ip4_text.h"
#include "loaders/line_reader.h"

namespace rblitz {

namespace {

constexpr unsigned kAddressBits = 32;

HeatPlace PlaceAt(uint32_t position, unsigned order) {
  const unsigned length = 2 * order;
  return {.point = PointAt(position, order),
          .network = {.prefix = position << (kAddressBits - length), .length = length}};
}

std::optional<uint32_t> ReadCoordinate(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<HeatNetwork> ParseNetwork(std::string_view text) {
  std::string padded(text);
  padded.append(kBlockSlack, '\0');
  const auto network = ReadHeatNetwork(std::string_view(padded).substr(0, text.size()));
  if (!network) return tl::unexpected(network.error());
  const auto* const ip4 = std::get_if<HeatNetwork>(&*network);
  if (ip4 == nullptr) return Fail(Quoted(text) + " is IPv6: maps of heat are of IPv4 alone");
  return *ip4;
}

Result<HeatPlace> PlaceOfAddress(std::string_view address, unsigned order) {
  const Result<HeatNetwork> network = ParseNetwork(address);
  if (!network) return tl::unexpected(network.error());
  if (network->length != kAddressBits) return Fail(Quoted(address) + " is a network: one address is wanted");
  return PlaceAt(network->prefix >> (kAddressBits - 2 * order), order);
}

Result<HeatPlace> PlaceOfPixel(std::string_view pixel, unsigned order) {
  const size_t comma = pixel.find(',');
  if (comma == std::string_view::npos) return Fail(Quoted(pixel) + " is not X,Y");
  const auto x = ReadCoordinate(pixel.substr(0, comma));
  const auto y = ReadCoordinate(pixel.substr(comma + 1));
  if (!x || !y) return Fail(Quoted(pixel) + " is not X,Y");
  const uint32_t side = uint32_t{1} << order;
  if (*x >= side || *y >= side) {
    return Fail(Quoted(pixel) + " is outside: a map of order " + std::to_string(order) + " has pixels 0 to " +
                std::to_string(side - 1));
  }
  return PlaceAt(PositionAt({*x, *y}, order), order);
}

std::string NetworkText(HeatNetwork network) {
  return AddressText(network.prefix) + "/" + std::to_string(network.length);
}

}  // namespace rblitz
