#include "dataplane/io/kernel_tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace rblitz::io {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

tl::unexpected<Error> FailStep(const std::string& name, const std::string& step, int error) {
  return Fail("kernel_port " + name + ": " + step + ": " + std::strerror(error));
}

ifreq Named(const std::string& name) {
  ifreq request = {};
  std::copy_n(name.c_str(), std::min(name.size() + 1, sizeof request.ifr_name), request.ifr_name);
  return request;
}

Result<int> CreateTap(const std::string& name) {
  Descriptor tap(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (tap.get() < 0) return FailStep(name, "/dev/net/tun", errno);
  ifreq request = Named(name);
  // Exclusive: a device of that name that somebody else made is not ours to take.
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
  if (ioctl(tap.get(), TUNSETIFF, &request) != 0) return FailStep(name, "cannot make it", errno);
  return tap.Release();
}

Status SetLink(int control, const TapConfig& config) {
  ifreq request = Named(config.name);
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::copy(config.mac.begin(), config.mac.end(), request.ifr_hwaddr.sa_data);
  if (ioctl(control, SIOCSIFHWADDR, &request) != 0) return FailStep(config.name, "cannot set its MAC", errno);
  request = Named(config.name);
  request.ifr_mtu = config.mtu;
  if (ioctl(control, SIOCSIFMTU, &request) != 0) return FailStep(config.name, "cannot set its MTU", errno);
  request = Named(config.name);
  if (ioctl(control, SIOCGIFFLAGS, &request) != 0) return FailStep(config.name, "cannot read its flags", errno);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (ioctl(control, SIOCSIFFLAGS, &request) != 0) return FailStep(config.name, "cannot bring it up", errno);
  return {};
}

// rtnetlink(7): RTM_NEWADDR with the address as local and as interface address.
struct AddressRequest {
  nlmsghdr header;
  ifaddrmsg address;
  uint8_t attributes[2 * RTA_SPACE(sizeof(in6_addr))];
};

void AddAttribute(AddressRequest& request, uint16_t type, const void* data, size_t size) {
  rtattr attribute = {};
  attribute.rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
  attribute.rta_type = type;
  uint8_t* const at = reinterpret_cast<uint8_t*>(&request) + NLMSG_ALIGN(request.header.nlmsg_len);
  std::memcpy(at, &attribute, sizeof attribute);
  std::memcpy(at + RTA_LENGTH(0), data, size);
  request.header.nlmsg_len = static_cast<uint32_t>(NLMSG_ALIGN(request.header.nlmsg_len) + RTA_SPACE(size));
}

// The kernel's answer to the request that was just sent: 0 or an errno.
int Acknowledgement(int netlink) {
  alignas(nlmsghdr) uint8_t answer[1024];
  const ssize_t size = recv(netlink, answer, sizeof answer, 0);
  if (size < 0) return errno;
  nlmsgerr error = {};
  if (static_cast<size_t>(size) < NLMSG_LENGTH(sizeof error)) return EPROTO;
  std::memcpy(&error, answer + NLMSG_LENGTH(0), sizeof error);
  return -error.error;
}

Status AddAddress(int netlink, const std::string& name, const std::string& text) {
  const size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  const bool is_ip6 = host.find(':') != std::string::npos;
  in6_addr bytes = {};
  if (slash == std::string::npos || inet_pton(is_ip6 ? AF_INET6 : AF_INET, host.c_str(), &bytes) != 1) {
    return FailStep(name, "address " + text, EINVAL);
  }
  AddressRequest request = {};
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.address);
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  request.address.ifa_family = is_ip6 ? AF_INET6 : AF_INET;
  request.address.ifa_prefixlen = static_cast<uint8_t>(std::strtoul(text.c_str() + slash + 1, nullptr, 10));
  request.address.ifa_flags = is_ip6 ? IFA_F_NODAD : 0;
  request.address.ifa_index = if_nametoindex(name.c_str());
  const size_t size = is_ip6 ? sizeof(in6_addr) : sizeof(in_addr);
  AddAttribute(request, IFA_LOCAL, &bytes, size);
  AddAttribute(request, IFA_ADDRESS, &bytes, size);
  if (send(netlink, &request, request.header.nlmsg_len, 0) < 0) return FailStep(name, "address " + text, errno);
  if (const int error = Acknowledgement(netlink); error != 0) return FailStep(name, "address " + text, error);
  return {};
}

}  // namespace

Result<int> OpenTap(const TapConfig& config) {
  const Result<int> created = CreateTap(config.name);
  if (!created) return tl::unexpected(created.error());
  Descriptor tap(*created);
  const Descriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (control.get() < 0 || netlink.get() < 0) return FailStep(config.name, "no socket to set it up", errno);
  if (Status set = SetLink(control.get(), config); !set) return tl::unexpected(set.error());
  for (const std::string& address : config.addresses) {
    if (Status added = AddAddress(netlink.get(), config.name, address); !added) return tl::unexpected(added.error());
  }
  return tap.Release();
}

bool IsInterfaceName(const std::string& name) {
  const auto is_odd = [](unsigned char c) { return c <= ' ' || c >= 127 || c == '/' || c == ':' || c == '%'; };
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), is_odd);
}

}  // namespace rblitz::io
