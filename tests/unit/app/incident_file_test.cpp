#include "app/incident_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

constexpr const char* good_line = R"({"games":7,"kind":"hung","time":1,"what":"good"})";

class IncidentFileTest : public testing::Test {
  protected:
    ~IncidentFileTest() override { ::close(descriptor); }

    std::string path() const { return directory / IncidentFile::name; }
    void write(const std::string& text) const { std::ofstream(path()) << text; }
    std::string text() const {
        std::ostringstream all;
        all << std::ifstream(path()).rdbuf();
        return all.str();
    }
    // The words of every incident that can be read.
    std::vector<std::string> words() const {
        std::vector<std::string> words;
        for (const Incident& incident : IncidentFile(descriptor).read())
            words.push_back(incident.what);
        return words;
    }
    void append(const std::string& what) const {
        IncidentFile(descriptor).append({IncidentKind::crashed, 5, {}, {}, what}, 1);
    }

    test::TempDirectory directory;
    int descriptor = ::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
};

using Words = std::vector<std::string>;

TEST_F(IncidentFileTest, what_was_appended_is_read_again_oldest_first) {
    const std::vector<Incident> incidents = {
        {IncidentKind::hung, 12'345, 12'350, 3, "showed \"no\" life\nfor 850 ms \\ \x01"},
        {IncidentKind::killed, UINT64_MAX, {}, {}, ""},
        {IncidentKind::abandoned, 0, UINT64_MAX, 63, "given up"},
        {IncidentKind::crashed, 9, {}, 0, "\xc3\xa9"}};
    IncidentFile file(descriptor);
    for (const Incident& incident : incidents)
        file.append(incident, 1'795'000'000);
    const auto read = IncidentFile(descriptor).read();
    ASSERT_EQ(read.size(), incidents.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        EXPECT_EQ(read[i].kind, incidents[i].kind);
        EXPECT_EQ(read[i].games, incidents[i].games);
        EXPECT_EQ(read[i].ticket, incidents[i].ticket);
        EXPECT_EQ(read[i].worker, incidents[i].worker);
        EXPECT_EQ(read[i].what, incidents[i].what);
    }
    EXPECT_NE(text().find("\"time\":1795000000"), std::string::npos);
}

TEST_F(IncidentFileTest, words_that_are_not_utf_8_do_no_harm) {
    append("\xff\xfe");
    EXPECT_EQ(IncidentFile(descriptor).read().size(), 1u);
}

TEST_F(IncidentFileTest, without_a_file_there_are_no_incidents) {
    EXPECT_TRUE(words().empty());
    write("");
    EXPECT_TRUE(words().empty());
}

TEST_F(IncidentFileTest, garbage_is_left_out) {
    write(std::string("\n\nnot json\n[]\n{}\n7\nnull\n\"text\"\n") + R"({"kind":"hung"})" +
          "\n" +                                                    // no games
          R"({"games":7})" + "\n" +                                 // no kind
          R"({"kind":"bored","games":7})" + "\n" +                  // no such kind
          R"({"kind":7,"games":7})" + "\n" +                        // of another type
          R"({"kind":"hung","games":-7})" + "\n" +                  //
          R"({"kind":"hung","games":7.5})" + "\n" +                 //
          R"({"kind":"hung","games":99999999999999999999})" + "\n"  // too large
          + std::string(10'000, '[') + "\n" + std::string("\0\0\n", 3) + good_line + "\n");
    EXPECT_EQ(words(), Words{"good"});
}

TEST_F(IncidentFileTest, fields_of_another_type_are_left_out_and_the_incident_is_not) {
    write(R"({"kind":"hung","games":7,"ticket":"x","worker":4294967296,"what":3})"
          "\n");
    const auto read = IncidentFile(descriptor).read();
    ASSERT_EQ(read.size(), 1u);
    EXPECT_FALSE(read[0].ticket);
    EXPECT_FALSE(read[0].worker);
    EXPECT_EQ(read[0].what, "");
}

TEST_F(IncidentFileTest, half_a_line_is_left_out_and_what_is_appended_behind_it_is_not) {
    write(std::string(good_line) + "\n" + R"({"games":8,"kind":"hu)");
    EXPECT_EQ(words(), Words{"good"});
    append("next");
    append("after that");
    EXPECT_EQ(words(), (Words{"good", "next", "after that"}));
}

TEST_F(IncidentFileTest, stays_within_its_size_and_keeps_the_newest) {
    const std::string filling(900, 'x');
    for (int i = 0; i < 1'000; ++i) {
        append(fmt::format("{} {}", i, filling));
        ASSERT_LE(std::filesystem::file_size(path()), IncidentFile::bytes_max + 1'024);
    }
    const Words kept = words();
    EXPECT_GE(kept.size() * filling.size(), IncidentFile::bytes_max / 3);
    for (std::size_t i = 0; i < kept.size(); ++i)
        EXPECT_EQ(kept[i], fmt::format("{} {}", 1'000 - kept.size() + i, filling));
}

TEST_F(IncidentFileTest, reads_the_end_of_a_file_that_is_larger_than_it_should_be) {
    write(std::string(3 * IncidentFile::bytes_max, 'x') + "\n" + good_line + "\n");
    EXPECT_EQ(words(), Words{"good"});
    append("next");
    EXPECT_EQ(words(), (Words{"good", "next"}));
    EXPECT_LE(std::filesystem::file_size(path()), IncidentFile::bytes_max);
    write(std::string(3 * IncidentFile::bytes_max, 'x'));
    EXPECT_TRUE(words().empty());
}

TEST_F(IncidentFileTest, does_not_follow_a_symbolic_link) {
    const std::string elsewhere = directory / "elsewhere";
    std::ofstream(elsewhere) << good_line << "\n";
    std::filesystem::create_symlink(elsewhere, path());
    EXPECT_TRUE(words().empty());
    append("next");
    EXPECT_EQ(std::filesystem::file_size(elsewhere), std::string(good_line).size() + 1);
}

TEST_F(IncidentFileTest, does_not_follow_a_symbolic_link_when_it_shortens_the_file) {
    const std::string elsewhere = directory / "elsewhere";
    std::ofstream(elsewhere) << good_line << "\n";
    std::filesystem::create_symlink(elsewhere, directory / "incidents.jsonl.tmp");
    write(std::string(IncidentFile::bytes_max, '\n'));
    append("next");
    EXPECT_EQ(std::filesystem::file_size(elsewhere), std::string(good_line).size() + 1);
    EXPECT_EQ(words(), Words{"next"});
}

TEST_F(IncidentFileTest, something_else_of_that_name_does_no_harm_and_is_not_waited_for) {
    ASSERT_EQ(::mkdir(path().c_str(), 0755), 0);
    append("lost");
    EXPECT_TRUE(words().empty());
    ASSERT_EQ(::rmdir(path().c_str()), 0);
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    append("lost");
    EXPECT_TRUE(words().empty());
}

TEST_F(IncidentFileTest, a_place_that_cannot_be_read_or_written_does_no_harm) {
    IncidentFile nowhere(-1);
    nowhere.append({}, 1);
    EXPECT_TRUE(nowhere.read().empty());
    write(std::string(good_line) + "\n");
    // As somebody whom permissions bind.
    EXPECT_EQ(0, test::run_child([&] {
                  if (::geteuid() == 0 && ::setuid(65'534) != 0)
                      return 1;
                  append("lost");
                  return IncidentFile(descriptor).read().size() <= 1 ? 0 : 2;
              }));
    EXPECT_EQ(text(), std::string(good_line) + "\n");
}

}  // namespace
}  // namespace kiln::app
