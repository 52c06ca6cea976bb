// Questions as Ethernet frames and answers out of them, for a port of our own: IPv4 and IPv6, plain headers, checksums
// made and verified; and what a host on a network must do besides, ARP and neighbour discovery, both ways.
//
// Flow f comes from source f modulo the number of sources, and from port kFirstPort + f / their number.
//
// Thread-safety: one thread. Units: bytes. Errors: a frame that is nothing to us gives nothing.
// Cost: a header and a checksum a frame.
// Source: RFC 894, RFC 826, RFC 791, RFC 8200, RFC 768, RFC 4861 section 7.2.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "cli/blast/source_addresses.h"
#include "dataplane/io/listen_address.h"
#include "dataplane/net/own_addresses.h"

namespace rblitz::blast {

struct FrameConfig {
  net::Mac mac{};         // of our port
  net::Mac server_mac{};  // of the server, or of the gateway before it
  SourceAddresses own;    // the port's own address, one
  SourceAddresses sources;
  size_t ports = 1;
  net::Ip6 server{};  // an IPv4 address in the first four bytes
  uint16_t server_port = 53;
  bool may_be_partial = false;  // answers' UDP checksums may hold the pseudo header's sum alone
};

class Frames {
 public:
  static constexpr uint16_t kFirstPort = 1024;
  // What goes before a question at most, and what a solicitation or advertisement takes.
  static constexpr size_t kMostHeader = 62;
  static constexpr size_t kMostOther = 86;

  explicit Frames(const FrameConfig& config) : config_(config) {}

  [[nodiscard]] size_t flows() const noexcept { return config_.sources.count * config_.ports; }
  void set_server_mac(const net::Mac& mac) noexcept { config_.server_mac = mac; }

  // Returns the frame's size. REQUIRES: flow < flows(), room for kMostHeader and the message.
  size_t WriteQuestion(uint32_t flow, std::span<const uint8_t> message, uint8_t* out) const noexcept;

  // An answer of the server to one of our flows. Nothing: it is something else, or damaged.
  struct Answered {
    uint32_t flow;
    std::span<const uint8_t> message;
  };
  [[nodiscard]] std::optional<Answered> ReadAnswer(std::span<const uint8_t> frame) const noexcept;

  // Asks who has `address`, of our family. Returns the frame's size, at most kMostOther.
  size_t WriteSolicitation(const net::Ip6& address, uint8_t* out) const noexcept;
  // The MAC that an answer to that says.
  [[nodiscard]] std::optional<net::Mac> ReadAdvertisement(std::span<const uint8_t> frame,
                                                          const net::Ip6& address) const noexcept;

  // Where somebody asks for an address of ours: the reply, of at most kMostOther bytes; 0: nobody does.
  size_t WriteReply(std::span<const uint8_t> frame, uint8_t* out) const noexcept;

 private:
  [[nodiscard]] bool IsOurs(const uint8_t* address) const noexcept;
  [[nodiscard]] std::optional<Answered> ReadUdp(std::span<const uint8_t> frame, size_t ip_size) const noexcept;
  [[nodiscard]] bool IsIntact(std::span<const uint8_t> frame, size_t udp_at, size_t udp_size) const noexcept;

  FrameConfig config_;
};

}  // namespace rblitz::blast
