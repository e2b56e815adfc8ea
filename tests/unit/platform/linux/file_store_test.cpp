#include "platform/linux/file_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/checkpoints.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

using test::file_name;
using test::TempDirectory;
using Bytes = std::vector<std::byte>;

Bytes pattern(std::size_t length) {
    Bytes bytes(length);
    for (std::size_t i = 0; i < length; ++i)
        bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
    return bytes;
}

Bytes contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto* const first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
}

std::set<std::string> names_in(FileStore& store) {
    std::vector<FileName> names(64);
    std::set<std::string> result;
    const std::size_t count = store.list(names).value();
    for (std::size_t i = 0; i < count; ++i)
        result.insert(names[i].text);
    return result;
}

class FileStoreTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(store.open_directory(directory.path().c_str(), false)); }

    void write(const std::string& name, const Bytes& bytes) {
        const Store::File file = store.create(file_name(name)).value();
        ASSERT_TRUE(store.append(file, bytes));
        ASSERT_TRUE(store.sync(file));
        ASSERT_TRUE(store.close(file));
    }

    TempDirectory directory;
    FileStore store;
};

TEST_F(FileStoreTest, writes_what_it_is_given_and_reads_it_back) {
    const Bytes bytes = pattern(100'000);
    const Store::File file = store.create(file_name("a")).value();
    ASSERT_TRUE(store.append(file, std::span(bytes).first(1)));
    ASSERT_TRUE(store.append(file, {}));
    ASSERT_TRUE(store.append(file, std::span(bytes).subspan(1)));
    ASSERT_TRUE(store.sync(file));
    ASSERT_TRUE(store.close(file));
    EXPECT_EQ(contents_of(directory / "a"), bytes);

    const Store::File again = store.open(file_name("a")).value();
    EXPECT_EQ(store.size(again).value(), bytes.size());
    Bytes middle(5'000);
    ASSERT_TRUE(store.read(again, 60'000, middle));
    EXPECT_TRUE(std::equal(middle.begin(), middle.end(), bytes.begin() + 60'000));
    ASSERT_TRUE(store.close(again));
}

TEST_F(FileStoreTest, keeps_its_word_across_several_windows) {
    const Bytes bytes = pattern(3 * FileStore::window_bytes + 12'345);
    const Store::File file = store.create(file_name("large")).value();
    std::size_t at = 0;
    for (const std::size_t length : {std::size_t{4096}, std::size_t{1} << 20, bytes.size()}) {
        const std::size_t piece = std::min(length, bytes.size() - at);
        ASSERT_TRUE(store.append(file, std::span(bytes).subspan(at, piece)));
        at += piece;
    }
    ASSERT_EQ(at, bytes.size());
    ASSERT_TRUE(store.sync(file));
    ASSERT_TRUE(store.close(file));
    EXPECT_EQ(contents_of(directory / "large"), bytes);
}

TEST_F(FileStoreTest, writes_more_files_at_once_than_it_has_windows_for) {
    std::vector<Store::File> files;
    for (int i = 0; i < 7; ++i)
        files.push_back(store.create(file_name(std::to_string(i))).value());
    const Bytes bytes = pattern(10'000);
    for (const Store::File file : files)
        ASSERT_TRUE(store.append(file, bytes));
    for (const Store::File file : files) {
        ASSERT_TRUE(store.sync(file));
        ASSERT_TRUE(store.close(file));
    }
    for (int i = 0; i < 7; ++i)
        EXPECT_EQ(contents_of(directory / std::to_string(i)), bytes);
}

TEST_F(FileStoreTest, reading_beyond_the_end_is_called_cut_short) {
    write("a", pattern(100));
    const Store::File file = store.open(file_name("a")).value();
    Bytes buffer(50);
    for (const std::uint64_t offset : {51u, 99u, 100u, 1'000u}) {
        const Error error = store.read(file, offset, buffer).error();
        EXPECT_EQ(error.code, ErrorCode::truncated);
        EXPECT_EQ(error.detail, offset + 50);
    }
    EXPECT_TRUE(store.read(file, 50, buffer));
    EXPECT_TRUE(store.read(file, 100, std::span(buffer).first(0)));
    EXPECT_TRUE(store.close(file));
}

TEST_F(FileStoreTest, never_replaces_a_file_by_creating_one) {
    write("a", pattern(10));
    const Error error = store.create(file_name("a")).error();
    EXPECT_EQ(error.code, ErrorCode::already_exists);
    EXPECT_EQ(error.detail, static_cast<std::uint64_t>(EEXIST));
    EXPECT_EQ(contents_of(directory / "a"), pattern(10));
}

TEST_F(FileStoreTest, renames_over_what_was_there_and_removes) {
    write("a", pattern(10));
    write("b", pattern(20));
    ASSERT_TRUE(store.rename(file_name("a"), file_name("b")));
    EXPECT_EQ(names_in(store), std::set<std::string>{"b"});
    EXPECT_EQ(contents_of(directory / "b"), pattern(10));
    ASSERT_TRUE(store.remove(file_name("b")));
    ASSERT_TRUE(store.sync_directory());
    EXPECT_TRUE(names_in(store).empty());
}

TEST_F(FileStoreTest, a_name_that_is_not_there_is_not_found) {
    for (const Error& error :
         {store.open(file_name("a")).error(), store.remove(file_name("a")).error(),
          store.rename(file_name("a"), file_name("b")).error()}) {
        EXPECT_EQ(error.code, ErrorCode::not_found);
        EXPECT_EQ(error.detail, static_cast<std::uint64_t>(ENOENT));
    }
}

TEST_F(FileStoreTest, names_cannot_lead_out_of_the_directory) {
    for (const char* name : {"", ".", "..", "/", "../a", "a/b", "/etc/passwd"}) {
        EXPECT_EQ(store.open(file_name(name)).error().detail, static_cast<std::uint64_t>(EINVAL));
        EXPECT_FALSE(store.create(file_name(name)));
        EXPECT_FALSE(store.remove(file_name(name)));
        EXPECT_FALSE(store.rename(file_name("a"), file_name(name)));
        EXPECT_FALSE(store.rename(file_name(name), file_name("a")));
    }
    FileName endless;
    std::memset(endless.text, 'x', sizeof(endless.text));
    EXPECT_FALSE(store.create(endless));
}

TEST_F(FileStoreTest, lists_regular_files_whose_names_can_be_ours) {
    std::set<std::string> expected;
    for (int i = 0; i < 60; ++i) {
        const std::string name = "file-" + std::to_string(i) + std::string(50, 'x');
        write(name, {});
        expected.insert(name);
    }
    ASSERT_EQ(::mkdir((directory / "directory").c_str(), 0755), 0);
    ASSERT_EQ(::symlink("nowhere", (directory / "link").c_str()), 0);
    ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0644), 0);
    std::ofstream(directory / std::string(200, 'y')) << "x";
    EXPECT_EQ(names_in(store), expected);
    EXPECT_EQ(names_in(store), expected);  // from the beginning again

    std::vector<FileName> too_few(59);
    EXPECT_EQ(store.list(too_few).error().code, ErrorCode::too_many_files);
}

TEST_F(FileStoreTest, does_not_wait_for_a_pipe_that_looks_like_a_file) {
    ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0644), 0);
    const Store::File file = store.open(file_name("pipe")).value();
    EXPECT_EQ(store.size(file).error().code, ErrorCode::io_failed);
    EXPECT_TRUE(store.close(file));
}

TEST_F(FileStoreTest, a_closed_file_is_refused_by_every_call) {
    const Store::File file = store.create(file_name("a")).value();
    ASSERT_TRUE(store.close(file));
    std::byte byte{};
    for (const Status& status :
         {store.append(file, {&byte, 1}), store.read(file, 0, {&byte, 1}), store.sync(file),
          store.close(file), store.size(file) ? Status{} : Status{store.size(file).error()}}) {
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::io_failed);
        EXPECT_EQ(status.error().detail, static_cast<std::uint64_t>(EBADF));
    }
}

TEST_F(FileStoreTest, leaves_no_file_open_in_programs_it_starts) {
    const Store::File file = store.create(file_name("a")).value();
    EXPECT_EQ(::fcntl(file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_TRUE(store.close(file));
}

TEST_F(FileStoreTest, follows_its_directory_when_that_is_renamed) {
    TempDirectory other;
    write("a", pattern(10));
    ASSERT_EQ(::rename(directory.path().c_str(), (other / "moved").c_str()), 0);
    write("b", pattern(20));
    EXPECT_EQ(contents_of(other / "moved/b"), pattern(20));
}

TEST_F(FileStoreTest, keeps_checkpoints) {
    test::State state({10 << 20, 1'000}, 5);
    test::State loaded({10 << 20, 1'000}, 0);
    ASSERT_TRUE(test::save(store, state, 100));
    ASSERT_TRUE(test::save(store, state, 200));
    EXPECT_EQ(remove_old(store, 1).value(), 1u);
    ASSERT_TRUE(test::load(store, checkpoint_file_name(200), loaded));
    EXPECT_TRUE(loaded == state);
    EXPECT_EQ(names_in(store), std::set<std::string>{"game-000000000200.ckpt"});
}

TEST(FileStoreDirectory, is_made_with_its_parents_when_that_is_asked_for) {
    TempDirectory directory;
    FileStore store;
    const std::string nested = directory / "one//two/three/";
    EXPECT_EQ(store.open_directory(nested.c_str(), false).error().code, ErrorCode::not_found);
    ASSERT_TRUE(store.open_directory(nested.c_str(), true));
    ASSERT_TRUE(store.create(file_name("a")));
    EXPECT_EQ(::access((directory / "one/two/three/a").c_str(), F_OK), 0);
    EXPECT_TRUE(store.open_directory(nested.c_str(), true));
}

TEST(FileStoreDirectory, may_be_named_from_the_working_directory) {
    TempDirectory directory;
    EXPECT_EQ(test::run_child([&] {
                  FileStore store;
                  return ::chdir(directory.path().c_str()) == 0 &&
                                 store.open_directory("x/y", true) &&
                                 store.open_directory(".", false)
                             ? 0
                             : 1;
              }),
              0);
    EXPECT_EQ(::access((directory / "x/y").c_str(), F_OK), 0);
}

TEST(FileStoreDirectory, cannot_be_made_below_a_file_or_under_an_endless_name) {
    TempDirectory directory;
    std::ofstream(directory / "file") << "x";
    FileStore store;
    EXPECT_EQ(store.open_directory((directory / "file").c_str(), true).error().code,
              ErrorCode::io_failed);
    EXPECT_EQ(store.open_directory((directory / "file/below").c_str(), true).error().code,
              ErrorCode::io_failed);
    EXPECT_EQ(store.open_directory((directory / "missing/" + std::string(5'000, 'x')).c_str(), true)
                  .error()
                  .code,
              ErrorCode::io_failed);
}

// Root may write anywhere, so the test first becomes nobody.
bool become_nobody() {
    constexpr uid_t nobody = 65534;
    return ::geteuid() != 0 || (::setgid(nobody) == 0 && ::setuid(nobody) == 0);
}

TEST(FileStoreDirectory, that_is_read_only_is_read_and_refuses_writing) {
    TempDirectory directory;
    std::ofstream(directory / "a") << "x";
    ASSERT_EQ(::chmod(directory.path().c_str(), 0555), 0);
    const int status = test::run_child([&] {
        FileStore store;
        if (!become_nobody() || !store.open_directory(directory.path().c_str(), true))
            return 1;
        if (!store.open(file_name("a")))
            return 2;
        for (const Error& error :
             {store.create(file_name("b")).error(), store.remove(file_name("a")).error(),
              store.rename(file_name("a"), file_name("b")).error()})
            if (error.code != ErrorCode::permission_denied)
                return 3;
        const std::string below = directory / "below";
        return FileStore().open_directory(below.c_str(), true).error().code ==
                       ErrorCode::permission_denied
                   ? 0
                   : 4;
    });
    EXPECT_EQ(status, 0);
}

TEST(FileStoreLock, is_held_by_one_at_a_time) {
    TempDirectory directory;
    FileStore first;
    FileStore second;
    ASSERT_TRUE(first.open_directory(directory.path().c_str(), false));
    ASSERT_TRUE(second.open_directory(directory.path().c_str(), false));
    ASSERT_TRUE(first.lock());
    EXPECT_TRUE(first.lock());
    const Error error = second.lock().error();
    EXPECT_EQ(error.code, ErrorCode::already_exists);
    EXPECT_EQ(error.detail, static_cast<std::uint64_t>(EWOULDBLOCK));
    first.close_directory();
    EXPECT_TRUE(second.lock());
    EXPECT_TRUE(names_in(second).empty());
}

TEST(FileStoreLock, goes_with_the_process_that_held_it_however_that_ends) {
    TempDirectory directory;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t holder = test::start_child([&] {
        FileStore store;
        if (!store.open_directory(directory.path().c_str(), false) || !store.lock())
            return 1;
        if (::write(ready[1], "x", 1) != 1)
            return 2;
        for (;;)
            ::pause();
    });
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    FileStore store;
    ASSERT_TRUE(store.open_directory(directory.path().c_str(), false));
    EXPECT_EQ(store.lock().error().code, ErrorCode::already_exists);
    ASSERT_EQ(::kill(holder, SIGKILL), 0);
    EXPECT_EQ(test::wait_for(holder), 128 + SIGKILL);
    EXPECT_TRUE(store.lock());
    ::close(ready[0]);
    ::close(ready[1]);
}

// A namespace of mounts of its own. Users without privileges get one inside a user namespace, in
// which they are root: the id maps say who that is outside.
bool enter_own_mounts() {
    if (::unshare(CLONE_NEWNS) == 0)
        return true;
    const std::string user_map = "0 " + std::to_string(::geteuid()) + " 1";
    const std::string group_map = "0 " + std::to_string(::getegid()) + " 1";
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    return (std::ofstream("/proc/self/uid_map") << user_map << std::flush) &&
           (std::ofstream("/proc/self/gid_map") << group_map << std::flush);
}

// A file system of one mebibyte at `path` that only this process sees.
bool mount_small(const char* path) {
    return enter_own_mounts() && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("none", path, "tmpfs", 0, "size=1m") == 0;
}

// Where nothing can be mounted, the limit on file sizes makes writes fail half way just the same.
bool limit_file_sizes() {
    const rlimit limit{1u << 20, 1u << 20};
    return ::signal(SIGXFSZ, SIG_IGN) != SIG_ERR && ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

TEST(FileStoreFull, fails_the_save_and_keeps_the_old_checkpoint) {
    TempDirectory directory;
    const int status = test::run_child([&] {
        const bool is_mounted = mount_small(directory.path().c_str());
        if (!is_mounted && !limit_file_sizes())
            return 1;
        const ErrorCode expected = is_mounted ? ErrorCode::no_space : ErrorCode::io_failed;
        FileStore store;
        if (!store.open_directory(directory.path().c_str(), false))
            return 2;
        test::State old_state({300'000}, 1);
        test::State new_state({2'000'000}, 2);
        if (!test::save(store, old_state, 100))
            return 3;
        const Status failed = test::save(store, new_state, 200);
        if (failed || failed.error().code != expected)
            return 4;
        if (names_in(store) != std::set<std::string>{"game-000000000100.ckpt"})
            return 5;
        test::State loaded({300'000}, 0);
        if (!test::load(store, checkpoint_file_name(100), loaded) || !(loaded == old_state))
            return 6;
        // Space was given back: what fits is saved.
        return test::save(store, old_state, 300) ? 0 : 7;
    });
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace kiln::platform
