// The history of a run's logs: what lasts of the pairs that are removed (lasting_lines.hpp), in one
// file of bounded size, logs/history_<stamp>.jsonl, in the format of the others.
//
// A new history is written beside the old one, brought to the disk and given its name, which says
// up to which pair it goes; only then the old one is removed. So there is always a whole one, and a
// crash at any moment neither loses nor doubles a line: pairs that it covers are left out wherever
// logs are read. One thread, which waits for the disk, and takes some tenths of a second for a pair
// of full size. Memory: twice bytes_max.
#pragma once

#include <cstdint>
#include <string>

#include "app/log_names.hpp"

namespace kiln::app {

// Makes the history of the one that is there and of the pairs up to `until`. 0, or the errno of
// what failed, with the old one still there.
int write_history(const std::string& state, const LogStamp& until, std::uint64_t bytes_max);

}  // namespace kiln::app
