#include "cli/grey_transfer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/control_client.h"
#include "cli/grey_rows.h"
#include "cli/json.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

constexpr const char* kFormat = "rblitz-grey";
constexpr unsigned kVersion = 1;
constexpr uint64_t kProgressRows = 1 << 12;
// No row is a quarter of that.
constexpr size_t kMaxLine = 4096;

// Lines with their numbers.
class Lines {
 public:
  Lines(std::istream* in, std::string name) : in_(in), name_(std::move(name)), buffer_(kMaxLine + 1) {}

  // The next one without its end; nothing: there is none.
  [[nodiscard]] Result<std::optional<std::string_view>> Next() {
    ++number_;
    in_->getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    const auto got = static_cast<size_t>(in_->gcount());
    if (in_->bad()) return Fail(name_ + ": cannot read");
    if (in_->fail() && got == 0) return std::optional<std::string_view>();
    if (in_->fail()) return Wrong("is longer than " + std::to_string(kMaxLine) + " bytes");
    const std::string_view line(buffer_.data(), in_->eof() ? got : got - 1);
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }

  [[nodiscard]] tl::unexpected<Error> Wrong(const std::string& what) const {
    return Fail(name_ + ":" + std::to_string(number_) + ": " + what);
  }

 private:
  std::istream* in_;
  const std::string name_;
  std::vector<char> buffer_;
  uint64_t number_ = 0;
};

std::string MasksText(unsigned ip4, unsigned ip6) { return "/" + std::to_string(ip4) + " and /" + std::to_string(ip6); }

// What keeps rows after this header from being rows of the greylist; empty: nothing.
std::string WrongHeader(const Json& header, const GreySettings& settings) {
  if (!header.is_object() || header.value("format", Json()) != kFormat)
    return "is no header of an export of a greylist";
  if (header.value("version", Json()) != kVersion) {
    return "is of version " + DumpJson(header.value("version", Json())) + ", this program reads " +
           std::to_string(kVersion);
  }
  const GreyMasks masks = settings.masks;
  const Json ip4 = header.value("mask_v4", Json(masks.ip4));
  const Json ip6 = header.value("mask_v6", Json(masks.ip6));
  if (ip4 == masks.ip4 && ip6 == masks.ip6) return "";
  return "has networks of /" + DumpJson(ip4) + " and /" + DumpJson(ip6) + ", " + settings.zone + " has " +
         MasksText(masks.ip4, masks.ip6);
}

}  // namespace

Result<uint64_t> ExportGreyRows(const GreyServer& server, std::ostream* out, const RowsProgress& progress) {
  const GreySettings& settings = server.settings();
  const Json header = {{"format", kFormat},
                       {"version", kVersion},
                       {"zone", settings.zone},
                       {"mask_v4", settings.masks.ip4},
                       {"mask_v6", settings.masks.ip6}};
  *out << DumpJson(header) << "\n";
  uint64_t rows = 0;
  const Status walked = server.Walk({}, [&](const TripletRow& row) {
    *out << DumpJson(GreyRowJson(row, settings.masks)) << "\n";
    if (++rows % kProgressRows == 0 && progress) progress(rows);
    return out->good();
  });
  if (!walked) return tl::unexpected(walked.error());
  return rows;
}

Result<uint64_t> ExportGreyFile(const GreyServer& server, const std::string& file, const RowsProgress& progress) {
  std::error_code error;
  const bool is_other = std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error);
  const std::string path = is_other ? file : file + ".new";
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | (is_other ? 0 : O_CREAT | O_TRUNC), 0600));
  if (!fd) return FailErrno(path, "cannot create");
  std::ofstream out(path);
  Result<uint64_t> rows = ExportGreyRows(server, &out, progress);
  if (rows && !out.flush()) rows = FailErrno(path, "cannot write");
  if (is_other) return rows;
  if (rows && fsync(fd.get()) != 0) rows = FailErrno(path, "cannot sync");
  if (rows && rename(path.c_str(), file.c_str()) != 0) rows = FailErrno(file, "cannot rename");
  if (!rows) unlink(path.c_str());
  return rows;
}

Status ImportGreyRows(const GreyServer& server, std::istream* in, const std::string& name, GreyJoined* done,
                      const RowsProgress& progress) {
  Lines lines(in, name);
  const auto first = lines.Next();
  if (!first) return tl::unexpected(first.error());
  const Json header = ParseJson(first->value_or(""));
  if (const std::string wrong = WrongHeader(header, server.settings()); !wrong.empty()) return lines.Wrong(wrong);
  GreyJoining importing(server, done);
  for (uint64_t rows = 0;;) {
    const auto line = lines.Next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return importing.Send();
    if ((*line)->empty()) continue;
    const Json json = ParseJson(**line);
    if (json.is_discarded()) return lines.Wrong("is no JSON");
    const Result<TripletRow> row = GreyRowFromJson(json);
    if (!row) return lines.Wrong(row.error().message);
    if (Status added = importing.Add(*row); !added) return added;
    if (++rows % kProgressRows == 0 && progress) progress(rows);
  }
}

}  // namespace rblitz
