#include "cli/policy/patterns.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <string>
#include <vector>

namespace rblitz::policy {

namespace {

RE2::Options Options() {
  RE2::Options options(RE2::Latin1);  // any byte is a character: addresses may hold what they like
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_never_capture(true);
  return options;
}

}  // namespace

struct Patterns::Rep {
  RE2::Set set{Options(), RE2::UNANCHORED};
  std::vector<std::unique_ptr<RE2>> each;
  bool set_fits = false;  // in the memory that RE2 gives itself; one that does not must not be asked
};

Patterns::Patterns() : rep_(std::make_unique<Rep>()) {}
Patterns::~Patterns() = default;
Patterns::Patterns(Patterns&&) noexcept = default;
Patterns& Patterns::operator=(Patterns&&) noexcept = default;

Status Patterns::Add(std::string_view pattern) {
  const re2::StringPiece piece(pattern.data(), pattern.size());
  auto one = std::make_unique<RE2>(piece, Options());
  if (!one->ok()) return Fail("bad pattern: " + one->error());
  if (std::string error; rep_->set.Add(piece, &error) < 0) return Fail("bad pattern: " + error);
  rep_->each.push_back(std::move(one));
  return {};
}

void Patterns::Finish() { rep_->set_fits = rep_->set.Compile(); }

bool Patterns::Matches(std::string_view text) const {
  if (rep_->each.empty()) return false;
  const re2::StringPiece piece(text.data(), text.size());
  if (rep_->set_fits) {
    RE2::Set::ErrorInfo error{};
    if (rep_->set.Match(piece, nullptr, &error)) return true;
    if (error.kind == RE2::Set::kNoError) return false;
  }
  return std::ranges::any_of(rep_->each, [&](const auto& one) { return RE2::PartialMatch(piece, *one); });
}

}  // namespace rblitz::policy
