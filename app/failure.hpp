// Failure: the end of a command, as one line for the user and an exit code.
//
// Thrown by the cold half only; main() prints it. The line says what is wrong, where (flag, file
// and line, or section, chunk and byte range), and what would be right.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/checkpoint/reader.hpp"
#include "core/port/store.hpp"

#include "app/exit_code.hpp"

namespace kiln::app {

class Failure : public std::runtime_error {
  public:
    Failure(ExitCode exit_code, const std::string& line)
        : std::runtime_error(line), exit_code_(exit_code) {}

    ExitCode exit_code() const { return exit_code_; }

  private:
    ExitCode exit_code_;
};

// A checkpoint that is damaged, as opposed to one that is somebody else's or cannot be read now: to
// go on from another one loses nothing that could still be had.
class DamagedCheckpoint final : public Failure {
  public:
    DamagedCheckpoint(ExitCode exit_code, const std::string& line, std::string section = "",
                      std::optional<std::uint64_t> chunk = std::nullopt)
        : Failure(exit_code, line), section_(std::move(section)), chunk_(chunk) {}

    // Where the damage is, if it is in a section: its name and the chunk, counted from 0.
    const std::string& section() const { return section_; }
    std::optional<std::uint64_t> chunk() const { return chunk_; }

  private:
    std::string section_;
    std::optional<std::uint64_t> chunk_;
};
bool is_damage(const Error& error);

ExitCode exit_code_of(const Error& error);

// What happened, in words: for files with the system's own words where it gave a reason.
std::string describe_error(const Error& error);

// The same for an error of CheckpointReader, with the place in the file: `reader` has reported
// `error` about `name`.
std::string describe_checkpoint_error(const Error& error, const CheckpointReader& reader,
                                      Store& store, const FileName& name);

}  // namespace kiln::app
