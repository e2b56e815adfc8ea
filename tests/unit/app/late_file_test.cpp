#include "app/late_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kiln::app
