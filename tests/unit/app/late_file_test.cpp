#include "app/late_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/failure.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

std::string contents_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(LateFile, leaves_what_was_there_until_it_is_complete) {
    const test::TempDirectory directory;
    const std::string path = directory / "file";
    std::ofstream(path) << "before";
    {
        const LateFile unfinished("--flag", path);
        EXPECT_EQ(contents_of(path), "before");
    }
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
    LateFile file("--flag", path);
    file.finish("after");
    EXPECT_EQ(contents_of(path), "after");
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST(LateFile, that_cannot_be_is_refused_at_once) {
    const test::TempDirectory directory;
    try {
        const LateFile file("--flag", directory / "absent/file");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), ExitCode::cannot_create);
        EXPECT_NE(std::string(failure.what()).find("--flag"), std::string::npos);
    }
}

TEST(LateFile, takes_no_directory_for_a_file) {
    const test::TempDirectory directory;
    EXPECT_THROW(LateFile("--flag", directory.path()), Failure);
    EXPECT_FALSE(std::filesystem::exists(directory.path() + ".part"));
}

TEST(LateFile, behind_links_is_what_they_lead_to) {
    const test::TempDirectory directory;
    std::filesystem::create_directory(directory / "far");
    std::filesystem::create_symlink("far/file", directory / "near");
    std::filesystem::create_symlink("near", directory / "link");
    for (const char* const contents : {"made", "replaced"}) {
        LateFile file("--flag", directory / "link");
        file.finish(contents);
        EXPECT_EQ(contents_of(directory / "far/file"), contents);
        EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
        EXPECT_TRUE(std::filesystem::is_symlink(directory / "near"));
    }
    std::filesystem::create_symlink("circle", directory / "circle");
    EXPECT_THROW(LateFile("--flag", directory / "circle"), Failure);
}

TEST(LateFile, that_is_a_pipe_is_written_to_and_stays_one) {
    const test::TempDirectory directory;
    const std::string path = directory / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::string read;
    std::thread reader([&] { read = contents_of(path); });
    LateFile file("--flag", path);
    file.finish("through it");
    reader.join();
    EXPECT_EQ(read, "through it");
    EXPECT_TRUE(std::filesystem::is_fifo(path));
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

}  // namespace
}  // namespace kiln::app
