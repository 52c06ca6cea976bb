#include "cli/serials.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/log.h"

namespace rblitz {

namespace {

constexpr const char* kHeader = "rblitz serials 1";

}  // namespace

void Serials::KeepIn(std::string path) {
  path_ = std::move(path);
  Read();
}

void Serials::Join(ZoneConfig* zone) const {
  const auto found = serials_.find(zone->name);
  if (found != serials_.end()) zone->serial_before = found->second;
}

void Serials::Remember(std::span<const Zone> zones) {
  bool changed = false;
  for (const Zone& zone : zones) {
    if (zone.is_part()) continue;
    const auto [at, added] = serials_.try_emplace(zone.name(), zone.serial());
    changed |= added || at->second != zone.serial();
    at->second = zone.serial();
  }
  if (changed) Write();
}

// What is no line of ours says nothing.
void Serials::Read() {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path_, failed)) return;
  std::ifstream in(path_);
  std::string line;
  if (!std::getline(in, line) || line != kHeader) {
    LogLine("serials_unusable").Add("error", path_ + ": is no file of serials of this version");
    return;
  }
  std::string name;
  for (ZoneSerial serial; in >> name >> serial.of_data >> serial.published;) serials_.insert_or_assign(name, serial);
}

// One of the two is there whatever happens to the process.
void Serials::Write() const {
  if (path_.empty()) return;
  const std::string fresh = path_ + ".tmp";
  {
    std::filesystem::remove(fresh.c_str());
    std::ofstream out(fresh);
    out << kHeader << '\n';
    for (const auto& [name, serial] : serials_) out << name << ' ' << serial.of_data << ' ' << serial.published << '\n';
    out.flush();
    if (out.good() && std::rename(fresh.c_str(), path_.c_str()) == 0) return;
  }
  LogLine("serials_unusable").Add("error", path_ + ": cannot write: " + std::strerror(errno));
}

}  // namespace rblitz
