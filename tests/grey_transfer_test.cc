#include "cli/grey_transfer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/grey_fixture.h"

namespace rblitz {
namespace {

using GreyTransfer = GreyFixture;
using Outcome = GreyOutcome;

TEST_F(GreyTransfer, WhatIsExportedComesBackByImport) {
  FillServer(3000);
  const auto rows = server_->rows;
  const Outcome out = Run({"export"});
  EXPECT_EQ(out.code, 0);
  EXPECT_EQ(out.out.substr(0, out.out.find('\n')),
            R"({"format":"rblitz-grey","version":1,"zone":"grey.test","mask_v4":24,"mask_v6":64})");
  EXPECT_EQ(Run({"export", Path("rows").c_str()}).out, Path("rows") + ": " + std::to_string(rows.size()) + " rows\n");
  EXPECT_EQ(Contents(Path("rows")), out.out);
  EXPECT_FALSE(std::filesystem::exists(Path("rows.new")));
  struct stat status {};
  ASSERT_EQ(stat(Path("rows").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  server_->rows.clear();
  EXPECT_EQ(Run({"import", Path("rows").c_str()}).out, std::to_string(rows.size()) + " rows joined, 0 were expired\n");
  EXPECT_TRUE(server_->rows == rows);
  EXPECT_GT(server_->largest_request, 30000u);
  EXPECT_LT(server_->largest_request, ControlServer::kMaxRequest);
  EXPECT_EQ(Run({"import", "-"}, out.out).code, 0);
  EXPECT_TRUE(server_->rows == rows);
  // Without the last line end, with other line ends, with empty lines.
  std::string crlf;
  for (const char c : out.out) crlf += c == '\n' ? "\r\n\n" : std::string(1, c);
  server_->rows.clear();
  EXPECT_EQ(Run({"import"}, crlf.substr(0, crlf.size() - 3)).code, 0);
  EXPECT_TRUE(server_->rows == rows);
}

TEST_F(GreyTransfer, ExportIntoAFileThatCannotBeWrittenLeavesNothing) {
  EXPECT_EQ(Run({"export", Path("none/rows").c_str()}).err,
            "rblitz: grey export: " + Path("none/rows.new") + ": cannot create: No such file or directory\n");
  std::ofstream(Path("rows")) << "old";
  server_->answers["rows"] = {{"error", "grey: is loading"}};
  EXPECT_EQ(Run({"export", Path("rows").c_str()}).err, "rblitz: grey export: grey: is loading\n");
  EXPECT_EQ(Contents(Path("rows")), "old");
  EXPECT_FALSE(std::filesystem::exists(Path("rows.new")));
  EXPECT_EQ(Run({"export", "/dev/null"}).code, 1);
  server_->answers.clear();
  EXPECT_EQ(Run({"export", "/dev/null"}).code, 0);
  FillServer(3000);
  EXPECT_EQ(Run({"export", "/dev/full"}).code, 1);
}

TEST_F(GreyTransfer, ImportStopsAtABadLineAndSaysWhatWasJoined) {
  FillServer(1000);
  const std::string text = Run({"export"}).out;
  const std::string header = text.substr(0, text.find('\n') + 1);
  const std::string good =
      R"({"kind":"triplet","network":"192.0.2.0/24","id":"0000000000001234","first":1750000000,"last":1750007160})"
      "\n";
  const std::string bad = R"({"kind":"triplet","network":"192.0.2.0/24","id":"123","first":1750000000,"last":1})";
  const struct {
    std::string text;
    std::string what;
  } cases[] = {
      {"", "standard input:1: is no header of an export of a greylist"},
      {"\n", "standard input:1: is no header of an export of a greylist"},
      {"[]\n", "standard input:1: is no header of an export of a greylist"},
      {good, "standard input:1: is no header of an export of a greylist"},
      {R"({"format":"rblitz-grey","version":2})", "standard input:1: is of version 2, this program reads 1"},
      {R"({"format":"rblitz-grey"})", "standard input:1: is of version null, this program reads 1"},
      {R"({"format":"rblitz-grey","version":1,"mask_v4":32})",
       "standard input:1: has networks of /32 and /64, grey.test has /24 and /64"},
      {header + good + "{\n", "standard input:3: is no JSON"},
      {header + good + good + bad + "\n", "standard input:4: id: '123' is not 16 hexadecimal digits"},
      {header + good + bad, "standard input:3: id: '123' is not 16 hexadecimal digits"},
      {header + std::string(5000, ' ') + good, "standard input:2: is longer than 4096 bytes"},
      {header + std::string(5000, ' '), "standard input:2: is longer than 4096 bytes"},
  };
  server_->rows.clear();
  for (const auto& [in, what] : cases) {
    const Outcome outcome = Run({"import"}, in);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err, "rblitz: grey import: " + what + "; 0 rows before it were joined\n");
    EXPECT_TRUE(server_->rows.empty()) << what;
  }
  // What was sent in a request before stays.
  const Outcome late = Run({"import"}, text + bad + "\n");
  EXPECT_EQ(late.code, 1);
  EXPECT_NE(late.err.find("standard input:1002: id: "), std::string::npos) << late.err;
  EXPECT_NE(late.err.find("; " + std::to_string(server_->rows.size()) + " rows before it were joined"),
            std::string::npos)
      << late.err;
  EXPECT_GT(server_->rows.size(), 0u);
  EXPECT_LT(server_->rows.size(), 1000u);
  EXPECT_EQ(Run({"import", Path("none").c_str()}).err,
            "rblitz: grey import: " + Path("none") + ": No such file or directory\n");
}

TEST_F(GreyTransfer, ImportIntoAFullGreylistFails) {
  const std::string header = R"({"format":"rblitz-grey","version":1})";
  const std::string row =
      R"({"kind":"triplet","network":"192.0.2.0/24","id":"0000000000001234","first":1750000000,"last":1750007160})";
  server_->answers["join"] = {{"result", {{"joined", 5u}, {"expired", 2u}, {"full", 1u}}}};
  const Outcome outcome = Run({"import"}, header + "\n" + row);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "5 rows joined, 2 were expired\n");
  EXPECT_EQ(outcome.err, "rblitz: grey import: the greylist is full: 1 row found no place\n");
}

}  // namespace
}  // namespace rblitz
