// Rows of a greylist on their way to a file and back: JSON Lines.
//
// The first line is {"format":"rblitz-grey","version":1,"zone":...,"mask_v4":24,"mask_v6":64}, each other a row
// (cli/grey_rows.h). Rows that are read are joined with what the server has, so that the order and number of files do
// not matter.
//
// Thread-safety: pure but for socket and streams. Errors: of a line, with its number; rows of the same request that
// stand before it are not sent. Cost: memory for one request.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <ostream>
#include <string>

#include "cli/grey_joining.h"
#include "cli/grey_server.h"
#include "tables/result.h"

namespace rblitz {

// Told now and then how many rows there have been.
using RowsProgress = std::function<void(uint64_t rows)>;

// Returns the number of rows.
[[nodiscard]] Result<uint64_t> ExportGreyRows(const GreyServer& server, std::ostream* out,
                                              const RowsProgress& progress = {});

// The same into a file, which takes its name once it is whole and is its owner's alone. What is no regular file, as
// /dev/stdout, is written to as it is.
[[nodiscard]] Result<uint64_t> ExportGreyFile(const GreyServer& server, const std::string& file,
                                              const RowsProgress& progress = {});

// `name` stands before the numbers of lines. `done` is what the server has taken, whatever the result is.
[[nodiscard]] Status ImportGreyRows(const GreyServer& server, std::istream* in, const std::string& name,
                                    GreyJoined* done, const RowsProgress& progress = {});

}  // namespace rblitz
