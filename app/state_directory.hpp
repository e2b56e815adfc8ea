// StateDirectory: the directory that holds a run's checkpoints, and the way to one of them.
//
// Failures are thrown, with the path as the user wrote it. Cold half; the Store it hands out is the
// one the trainer writes to.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/checkpoint/catalog.hpp"
#include "core/checkpoint/reader.hpp"

#include "app/failure.hpp"
#include "platform/linux/file_store.hpp"

namespace kiln::app {

class StateDirectory {
  public:
    explicit StateDirectory(std::string path) : path_(std::move(path)) {}

    // Opens the directory if it is there; false if not.
    bool open_existing();
    // Uses what another process opened and claimed.
    void adopt(int descriptor) { store_.adopt_directory(descriptor); }
    // Makes and opens it.
    void create();
    // Claims it for a trainer, until the process ends: only one at a time may write.
    void claim();
    // Removes what unfinished saves left behind and makes sure that files can be made.
    void prepare_for_writing();
    // Keeps a damaged checkpoint out of the way, under another name.
    void set_aside(const FileName& name);

    // Newest first. The directory is open.
    const Catalog& checkpoints();

    const std::string& path() const { return path_; }
    std::string path_of(const FileName& name) const;
    platform::FileStore& store() { return store_; }
    int descriptor() const { return store_.directory_descriptor(); }

  private:
    std::string path_;
    platform::FileStore store_;
    std::unique_ptr<Catalog> catalog_;
};

// How a line about a checkpoint that is of no use ends: what to do, if it is damaged and if not.
struct Advice {
    std::string if_damaged;
    std::string otherwise;
};

// One checkpoint, opened: header, length and table of checksums are checked.
struct OpenCheckpoint {
    std::string path;
    FileName name;
    std::unique_ptr<CheckpointReader> reader;
};

// Throws with the place of the damage, as a DamagedCheckpoint if it is that.
OpenCheckpoint open_checkpoint(StateDirectory& directory, const FileName& name,
                               const Advice& advice = {});
// The same for what load() or verify() finds later.
[[noreturn]] void refuse(const Error& error, StateDirectory& directory,
                         const OpenCheckpoint& checkpoint, const Advice& advice = {});

// The settings text of a checkpoint; empty if it has none.
std::string read_settings_text(StateDirectory& directory, const OpenCheckpoint& checkpoint,
                               const Advice& advice = {});

// What a --model or FILE argument means: a checkpoint file, or a directory's newest. Throws
// no_input if there is none.
struct CheckpointPlace {
    std::unique_ptr<StateDirectory> directory;
    FileName name;
};
CheckpointPlace find_checkpoint(const std::string& path, const std::string& origin);

}  // namespace kiln::app
