#include "platform/linux/journal.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

class JournalTest : public testing::Test {
  protected:
    ~JournalTest() override {
        (void)::unsetenv("JOURNAL_STREAM");
        ::close(stream);
    }

    test::TempDirectory directory;
    int stream = ::open((directory / "stream").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
};

TEST_F(JournalTest, a_stream_is_the_journals_if_the_environment_names_it) {
    EXPECT_FALSE(is_journal(stream));
    struct stat status {};
    ASSERT_EQ(::fstat(stream, &status), 0);
    const std::string name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    ASSERT_EQ(::setenv("JOURNAL_STREAM", name.c_str(), 1), 0);
    EXPECT_TRUE(is_journal(stream));
    EXPECT_FALSE(is_journal(-1));
    // Redirected since: the variable is still there, and means another stream.
    const int other = ::open((directory / "other").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_FALSE(is_journal(other));
    ::close(other);
}

TEST_F(JournalTest, an_entry_is_one_datagram) {
    const std::string path = directory / "socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int journal = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(journal, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_TRUE(send_to_journal("MESSAGE=one\nPRIORITY=6\n", path.c_str()));
    char text[64];
    const ssize_t length = ::recv(journal, text, sizeof(text), MSG_DONTWAIT);
    EXPECT_EQ(std::string(text, static_cast<std::size_t>(std::max<ssize_t>(length, 0))),
              "MESSAGE=one\nPRIORITY=6\n");
    ::close(journal);
}

TEST_F(JournalTest, without_a_journal_the_entry_is_not_taken) {
    EXPECT_FALSE(send_to_journal("MESSAGE=one\n", (directory / "nobody").c_str()));
    EXPECT_FALSE(send_to_journal("MESSAGE=one\n", std::string(200, 'x').c_str()));
}

}  // namespace
}  // namespace kiln::platform
