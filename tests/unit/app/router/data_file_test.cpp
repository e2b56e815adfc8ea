#include "app/router/data_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/failure.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::span<const std::byte> bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
}

TEST(OutputFile, has_its_name_only_once_it_is_complete) {
    const test::TempDirectory directory;
    const std::string path = directory / "out";
    std::ofstream(path) << "before";
    {
        OutputFile given_up(path);
        given_up.append(bytes("half"));
        EXPECT_EQ(contents(path), "before");
    }
    EXPECT_EQ(contents(path), "before");
    OutputFile file(path);
    file.append(bytes("0123"));
    file.append(bytes("456"));
    file.overwrite(1, bytes("xy"));
    file.append(bytes("7"));
    file.complete();
    EXPECT_EQ(contents(path), "0xy34567");
    EXPECT_FALSE(std::filesystem::exists(path + ".unfinished"));
}

TEST(OutputFile, pieces_of_any_length_follow_one_another) {
    const test::TempDirectory directory;
    std::string expected;
    OutputFile file(directory / "out");
    for (const std::size_t length :
         {std::size_t{1}, std::size_t{200'000}, std::size_t{100'000}, std::size_t{700'000},
          std::size_t{3}, std::size_t{262'144}, std::size_t{262'145}, std::size_t{0}}) {
        const std::string piece(length, static_cast<char>('a' + expected.size() % 26));
        expected += piece;
        file.append(bytes(piece));
    }
    file.complete();
    EXPECT_EQ(contents(directory / "out"), expected);
}

TEST(OutputFile, cannot_be_made_where_there_is_no_directory) {
    const test::TempDirectory directory;
    EXPECT_THROW(OutputFile(directory / "none/out"), Failure);
}

TEST(InputFile, is_read_at_any_place_and_not_beyond_its_end) {
    const test::TempDirectory directory;
    std::ofstream(directory / "in") << "0123456789";
    const InputFile file(directory / "in", "in");
    EXPECT_EQ(file.size(), 10u);
    std::string read(4, '?');
    file.read(5, std::as_writable_bytes(std::span(read)));
    EXPECT_EQ(read, "5678");
    const Status beyond = file.try_read(7, std::as_writable_bytes(std::span(read)));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, ErrorCode::truncated);
    EXPECT_THROW(file.read(7, std::as_writable_bytes(std::span(read))), Failure);
}

TEST(InputFile, what_is_no_file_of_that_size_is_refused_by_name) {
    const test::TempDirectory directory;
    std::ofstream(directory / "in") << "0123456789";
    const auto refusal = [&](const std::string& path, std::uint64_t most) -> std::string {
        try {
            const InputFile file(path, "given", most);
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal(directory / "in", 10), "accepted");
    EXPECT_EQ(refusal(directory / "in", 9), "given: is 10 B long; files of data may have 9 B");
    EXPECT_EQ(refusal(directory.path(), 10),
              "given: is no regular file; give a file that can be read twice");
    EXPECT_EQ(refusal(directory / "none", 10),
              "given: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace kiln::app
