// What neighbour discovery is to a port.
#include <gtest/gtest.h>

#include <ostream>

#include "dataplane/net/frame.h"
#include "tests/frames_ip6.h"

namespace rblitz::net {

void PrintTo(const Frame& frame, std::ostream* out);

namespace {

using test::FrameBytes;
using test::Ip6Fields;

void ExpectAll(const std::vector<std::pair<const char*, FrameBytes>>& frames, const Frame& expected) {
  const OwnAddresses own = test::OwnWithIp6();
  for (const auto& [what, frame] : frames) EXPECT_EQ(FrameCheck(&own)(frame), expected) << what;
}
void ExpectKind(FrameKind kind, const std::vector<std::pair<const char*, FrameBytes>>& frames) {
  const OwnAddresses own = test::OwnWithIp6();
  for (const auto& [what, frame] : frames) EXPECT_EQ(FrameCheck(&own)(frame).kind, kind) << what;
}

TEST(FrameNd, SolicitationsOfOwnAddressesAreRecognised) {
  const FrameBytes none(16, 0);
  const auto to_group = [](const FrameBytes& target, const FrameBytes& source = test::kClientIp6) {
    return test::ToGroupOf(target, {.source = source});
  };
  FrameBytes padded = test::NdFrame(to_group(test::kOwnIp6), {});
  padded.resize(120, 0x5a);
  Ip6Fields group_by_unicast = to_group(test::kOwnIp6);
  group_by_unicast.destination_mac = test::kOwnMac;
  ExpectAll(
      {
          {"to the group", test::NdFrame(to_group(test::kOwnIp6), {})},
          {"to the group, in a frame to us (RFC 6085)", test::NdFrame(group_by_unicast, {})},
          {"to us", test::NdFrame({.hop_limit = 255}, {})},
          {"to another of ours", test::NdFrame({.destination = test::kOwnLinkLocal, .hop_limit = 255}, {})},
          {"of the link-local address", test::NdFrame(to_group(test::kOwnLinkLocal), {.target = test::kOwnLinkLocal})},
          {"without options", test::NdFrame(to_group(test::kOwnIp6), {.options = {}})},
          {"with an option that nobody knows",
           test::NdFrame(to_group(test::kOwnIp6), {.options = {99, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}})},
          {"probe (RFC 4862)", test::NdFrame(to_group(test::kOwnIp6, none), {.options = {}})},
          {"from our link-local address and MAC: the other end of net_tap",
           test::NdFrame(test::ToGroupOf(test::kOwnIp6, {.source = test::kOwnLinkLocal, .source_mac = test::kOwnMac}),
                         {})},
          {"padded", padded},
      },
      {.kind = FrameKind::kNeighborSolicitation, .upper_at = 54, .is_ip6 = true});
}

TEST(FrameNd, BadSolicitationsAreCounted) {
  const FrameBytes none(16, 0);
  const Ip6Fields good = test::ToGroupOf(test::kOwnIp6);
  Ip6Fields near = good;
  near.hop_limit = 254;
  Ip6Fields fragment = good;
  fragment.extensions = {58, 0, 0, 0, 1, 2, 3, 4};
  fragment.first_header = 44;
  FrameBytes short_message = {135, 0, 0, 0, 0, 0, 0, 0};
  test::Append(short_message, FrameBytes(test::kOwnIp6.begin(), test::kOwnIp6.end() - 1));
  ExpectKind(
      FrameKind::kBadNd,
      {{"came over a router", test::NdFrame(near, {})},
       {"code 1", test::NdFrame(good, {.code = 1})},
       {"23 bytes", test::Icmp6Frame(good, short_message)},
       {"atomic fragment (RFC 6980)", test::NdFrame(fragment, {})},
       {"target a group", test::NdFrame(good, {.target = test::SolicitedGroup(test::kOwnIp6)})},
       {"empty option", test::NdFrame(good, {.options = {1, 0, 0, 0, 0, 0, 0, 0}})},
       {"option past the message", test::NdFrame(good, {.options = {1, 2, 0, 0, 0, 0, 0, 0}})},
       {"option cut", test::NdFrame(good, {.options = {1, 1, 0, 0, 0, 0, 0}})},
       {"probe with a MAC", test::NdFrame(test::ToGroupOf(test::kOwnIp6, {.source = none}), {})},
       {"probe to us alone", test::NdFrame({.source = none, .hop_limit = 255}, {.options = {}})},
       {"solicited advertisement to all",
        test::NdFrame({.destination = test::kAllNodesIp6, .hop_limit = 255, .destination_mac = test::kAllNodesMac},
                      {.type = 136, .flags = 0x40000000})}});
  ExpectKind(FrameKind::kIcmpChecksum, {{"bit off", test::NdFrame(good, {.checksum_error = 0x10})}});
  ExpectKind(FrameKind::kMartianSource,
             {{"from ::1", test::NdFrame(test::ToGroupOf(test::kOwnIp6, {.source = test::Ip6(0, 1)}), {})},
              {"from a group", test::NdFrame(test::ToGroupOf(test::kOwnIp6, {.source = test::kAllNodesIp6}), {})}});
  ExpectKind(FrameKind::kGroupMac, {{"in another group's frame", [] {
                                       Ip6Fields other = test::ToGroupOf(test::kOwnIp6);
                                       other.destination_mac = test::kAllNodesMac;
                                       return test::NdFrame(other, {});
                                     }()}});
}

TEST(FrameNd, WhatNeighboursSayAmongThemselvesIsNotUs) {
  const FrameBytes other = test::Ip6(0xfd53, 0x99);
  ExpectKind(
      FrameKind::kNdNotUs,
      {{"solicitation of another", test::NdFrame(test::ToGroupOf(other), {.target = other})},
       {"of another, sent to us", test::NdFrame({.hop_limit = 255}, {.target = other})},
       {"of ours, to another's group", test::NdFrame(test::ToGroupOf(other), {})},
       {"advertisement", test::NdFrame({.hop_limit = 255}, {.type = 136, .target = other})},
       {"router advertisement", test::Icmp6Frame({.hop_limit = 255}, FrameBytes{134, 0, 0, 0, 0, 0, 0, 0})},
       {"our own probe come back",
        test::NdFrame(test::ToGroupOf(test::kOwnIp6, {.source = FrameBytes(16, 0), .source_mac = test::kOwnMac}),
                      {.options = {}})},
       {"as we, of the same address", test::NdFrame(test::ToGroupOf(test::kOwnLinkLocal, {.source = test::kOwnLinkLocal,
                                                                                          .source_mac = test::kOwnMac}),
                                                    {.target = test::kOwnLinkLocal})},
       {"as we, of another's",
        test::NdFrame(test::ToGroupOf(other, {.source = test::kOwnLinkLocal, .source_mac = test::kOwnMac}),
                      {.target = other})},
       {"our own come back", test::NdFrame({.destination = test::kAllNodesIp6,
                                            .hop_limit = 255,
                                            .destination_mac = test::kAllNodesMac,
                                            .source_mac = test::kOwnMac},
                                           {.type = 136})}});
}

TEST(FrameNd, AnotherWithAnOwnAddressIsAConflict) {
  const Ip6Fields to_all = {.destination = test::kAllNodesIp6, .hop_limit = 255, .destination_mac = test::kAllNodesMac};
  const FrameBytes other = test::Ip6(0xfd53, 0x99);
  ExpectKind(FrameKind::kNdConflict,
             {{"advertisement to all", test::NdFrame(to_all, {.type = 136})},
              {"advertisement to us", test::NdFrame({.hop_limit = 255}, {.type = 136})},
              {"asks as we", test::NdFrame(test::ToGroupOf(other, {.source = test::kOwnIp6}), {.target = other})}});
}

}  // namespace
}  // namespace rblitz::net
