#include "app/state_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/base/check.hpp"

#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

FileName file_name(const std::string& text, const std::string& origin) {
    FileName name;
    if (text.size() >= FileName::capacity)
        throw Failure(
            ExitCode::usage,
            fmt::format("{}: the file name {} is longer than {} characters; give the file "
                        "a shorter name",
                        origin, text, FileName::capacity - 1));
    std::memcpy(name.text, text.data(), text.size());
    return name;
}

// What keeps a directory from being used for training.
Failure unusable(const std::string& path, const Error& error) {
    const ExitCode code =
        error.code == ErrorCode::permission_denied ? ExitCode::permission : ExitCode::cannot_create;
    return Failure(code, fmt::format("--state: cannot use {} as state directory: {}; choose one "
                                     "that can be made and written to",
                                     path, describe_error(error)));
}

}  // namespace

bool StateDirectory::open_existing() {
    const Status opened = store_.open_directory(path_.c_str(), false);
    if (opened)
        return true;
    if (opened.error().code == ErrorCode::not_found)
        return false;
    throw unusable(path_, opened.error());
}

void StateDirectory::create() {
    if (const Status opened = store_.open_directory(path_.c_str(), true); !opened)
        throw unusable(path_, opened.error());
}

void StateDirectory::claim() {
    // A trainer whose supervisor was killed needs a moment to follow it.
    constexpr auto patience = std::chrono::seconds(1);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    Status locked = store_.lock();
    while (!locked && locked.error().code == ErrorCode::already_exists &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        locked = store_.lock();
    }
    if (!locked && locked.error().code == ErrorCode::already_exists)
        throw Failure(ExitCode::cannot_create,
                      fmt::format("--state: another kiln is training in {}; wait for it or choose "
                                  "another directory",
                                  path_));
    if (!locked)
        throw unusable(path_, locked.error());
}

void StateDirectory::prepare_for_writing() {
    if (const auto swept = sweep_unfinished(store_); !swept)
        throw unusable(path_, swept.error());
    // Better now than after the first hours of training.
    const FileName probe = {"probe.ckpt.tmp"};
    const Result<Store::File> file = store_.create(probe);
    if (!file)
        throw unusable(path_, file.error());
    (void)store_.close(file.value());
    if (const Status removed = store_.remove(probe); !removed)
        throw unusable(path_, removed.error());
}

void StateDirectory::set_aside(const FileName& name) {
    FileName aside = name;
    constexpr char suffix[] = ".damaged";
    const std::size_t length = std::strlen(name.text);
    CHECK(length + sizeof(suffix) <= FileName::capacity);
    std::memcpy(aside.text + length, suffix, sizeof(suffix));
    Status moved = store_.rename(name, aside);
    if (moved)
        moved = store_.sync_directory();
    if (!moved)
        throw Failure(exit_code_of(moved.error()),
                      fmt::format("{}: is damaged and cannot be renamed to {}: {}", path_of(name),
                                  aside.text, describe_error(moved.error())));
}

const Catalog& StateDirectory::checkpoints() {
    catalog_ = std::make_unique<Catalog>();
    if (const Status read = read_catalog(store_, *catalog_); !read)
        throw Failure(read.error().code == ErrorCode::too_many_files ? ExitCode::bad_data
                                                                     : exit_code_of(read.error()),
                      fmt::format("cannot list {}: {}", path_, describe_error(read.error())));
    return *catalog_;
}

std::string StateDirectory::path_of(const FileName& name) const {
    return path_.ends_with('/') ? path_ + name.text : path_ + "/" + name.text;
}

OpenCheckpoint open_checkpoint(StateDirectory& directory, const FileName& name,
                               const Advice& advice) {
    OpenCheckpoint checkpoint = {directory.path_of(name), name,
                                 std::make_unique<CheckpointReader>()};
    const auto opened = checkpoint.reader->open(directory.store(), name);
    if (!opened)
        refuse(opened.error(), directory, checkpoint, advice);
    return checkpoint;
}

void refuse(const Error& error, StateDirectory& directory, const OpenCheckpoint& checkpoint,
            const Advice& advice) {
    const std::string what =
        describe_checkpoint_error(error, *checkpoint.reader, directory.store(), checkpoint.name);
    const std::string& end = is_damage(error) ? advice.if_damaged : advice.otherwise;
    const std::string line =
        fmt::format("{}: {}{}{}", checkpoint.path, what, end.empty() ? "" : "; ", end);
    const CheckpointInfo& info = checkpoint.reader->info();
    if (error.code == ErrorCode::corrupt_chunk && error.section < info.section_count)
        throw DamagedCheckpoint(exit_code_of(error), line, info.sections[error.section].name,
                                error.chunk);
    if (is_damage(error))
        throw DamagedCheckpoint(exit_code_of(error), line);
    throw Failure(exit_code_of(error), line);
}

std::string read_settings_text(StateDirectory& directory, const OpenCheckpoint& checkpoint,
                               const Advice& advice) {
    constexpr const char* section = "run.settings";
    const SectionInfo* info = checkpoint.reader->info().find(section);
    if (info == nullptr)
        return "";
    std::vector<std::byte> buffer(std::min<std::uint64_t>(info->bytes, 1u << 20));
    const auto read = checkpoint.reader->read_section(section, buffer);
    if (!read)
        refuse(read.error(), directory, checkpoint, advice);
    const auto* const text = reinterpret_cast<const char*>(buffer.data());
    return {text, ::strnlen(text, read.value())};
}

CheckpointPlace find_checkpoint(const std::string& path, const std::string& origin) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        throw Failure(exit_code_of(platform::error_from_errno(errno)),
                      fmt::format("{}: cannot read {}: {}; give a checkpoint (*.ckpt) or the state "
                                  "directory of a run",
                                  origin, path, std::strerror(errno)));
    CheckpointPlace place;
    if (!S_ISDIR(status.st_mode)) {
        const std::size_t slash = path.rfind('/');
        const bool has_folder = slash != std::string::npos;
        place.name = file_name(path.substr(has_folder ? slash + 1 : 0), origin);
        place.directory = std::make_unique<StateDirectory>(
            !has_folder ? "." : path.substr(0, std::max<std::size_t>(slash, 1)));
    } else {
        place.directory = std::make_unique<StateDirectory>(path);
    }
    if (!place.directory->open_existing())
        throw Failure(ExitCode::no_input,
                      fmt::format("{}: {} is not there any more", origin, path));
    if (S_ISDIR(status.st_mode)) {
        const Catalog& catalog = place.directory->checkpoints();
        if (catalog.count == 0)
            throw Failure(ExitCode::no_input,
                          fmt::format("{}: there is no checkpoint (game-*.ckpt) in {}; give the "
                                      "state directory of a run",
                                      origin, path));
        place.name = catalog.entries[0].name;
    }
    return place;
}

}  // namespace kiln::app
