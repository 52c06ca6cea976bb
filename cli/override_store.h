// The overrides as they are kept in the state: one file of text, a line of JSON for each, replaced as a whole.
//
//   {"rblitz":"overrides","version":1,"overrides":2}
//   {"a":null,"by":"root","kind":"add","since":1789000000,"until":null,"what":"192.0.2.1","why":"","zone":null}
//   ...
//
// Thread-safety: none. Errors: name the file. A file that cannot be read as a whole is kept aside under another name,
// and what can be read of it counts.
// Cost: each change writes and syncs the whole file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/override.h"
#include "tables/result.h"

namespace rblitz {

class OverrideStore {
 public:
  static constexpr size_t kMost = 100'000;

  // In this folder, which must be there. Fails when the file is there and cannot be read or kept aside: then nothing
  // may be written over it.
  [[nodiscard]] static Result<OverrideStore> Open(const std::string& folder);

  [[nodiscard]] const std::vector<Override>& all() const noexcept { return overrides_; }
  // What was wrong with the file, one line each; empty: nothing.
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }

  // Why the last change may not outlive a crash of the machine; empty: it does.
  [[nodiscard]] const std::string& unsynced() const noexcept { return unsynced_; }

  // Kept when it returns, on the disk but for what unsynced() says; on failure nothing has changed.
  [[nodiscard]] Status Replace(std::vector<Override> next);

 private:
  explicit OverrideStore(std::string folder) : folder_(std::move(folder)), path_(folder_ + "/overrides") {}
  [[nodiscard]] Status Read();
  void ReadLines(const std::string& text);
  [[nodiscard]] Status KeepAside();

  std::string folder_;
  std::string path_;
  std::vector<Override> overrides_;
  std::vector<std::string> problems_;
  std::string unsynced_;
};

}  // namespace rblitz
