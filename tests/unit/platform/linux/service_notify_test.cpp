#include "platform/linux/service_notify.hpp"

#include <cstddef>
#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

// The manager's side of the socket. The name is as in NOTIFY_SOCKET.
class Manager {
  public:
    explicit Manager(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof(address.sun_path) - 1);
        if (name[0] == '@')
            address.sun_path[0] = '\0';
        const std::size_t bytes =
            offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1);
        EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address),
                         static_cast<socklen_t>(bytes)),
                  0);
    }
    ~Manager() { ::close(descriptor_); }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    // The next message; empty if there is none.
    std::string receive() const {
        char text[1024];
        const ssize_t length = ::recv(descriptor_, text, sizeof(text), MSG_DONTWAIT);
        return length < 0 ? "" : std::string(text, static_cast<std::size_t>(length));
    }

  private:
    int descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

class ServiceNotifyTest : public testing::Test {
  protected:
    ~ServiceNotifyTest() override {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
            (void)::unsetenv(name);
    }
    static void set(const char* name, const std::string& value) {
        ASSERT_EQ(::setenv(name, value.c_str(), 1), 0);
    }

    test::TempDirectory directory;
    ServiceNotify notify;
};

TEST_F(ServiceNotifyTest, without_a_manager_there_is_nothing_to_send_and_no_error) {
    EXPECT_TRUE(notify.open());
    EXPECT_FALSE(notify.is_open());
    EXPECT_EQ(notify.watchdog_ns(), 0u);
    EXPECT_TRUE(notify.send("READY=1"));
}

TEST_F(ServiceNotifyTest, sends_to_a_socket_with_a_path) {
    const Manager manager(directory / "notify");
    set("NOTIFY_SOCKET", directory / "notify");
    ASSERT_TRUE(notify.open());
    EXPECT_TRUE(notify.send("READY=1\nSTATUS=fine"));
    EXPECT_EQ(manager.receive(), "READY=1\nSTATUS=fine");
    EXPECT_EQ(manager.receive(), "");
}

TEST_F(ServiceNotifyTest, sends_to_an_abstract_socket) {
    const std::string name = "@kiln-test-" + std::to_string(::getpid());
    const Manager manager(name);
    set("NOTIFY_SOCKET", name);
    ASSERT_TRUE(notify.open());
    EXPECT_TRUE(notify.send("WATCHDOG=1"));
    EXPECT_EQ(manager.receive(), "WATCHDOG=1");
}

TEST_F(ServiceNotifyTest, takes_its_variables_out_of_the_environment) {
    set("NOTIFY_SOCKET", directory / "notify");
    set("WATCHDOG_USEC", "5000000");
    set("WATCHDOG_PID", std::to_string(::getpid()));
    ASSERT_TRUE(notify.open());
    EXPECT_EQ(notify.watchdog_ns(), 5'000'000'000u);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
        EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST_F(ServiceNotifyTest, a_watchdog_that_is_meant_for_another_process_is_none) {
    set("NOTIFY_SOCKET", directory / "notify");
    set("WATCHDOG_USEC", "5000000");
    set("WATCHDOG_PID", "1");
    ASSERT_TRUE(notify.open());
    EXPECT_EQ(notify.watchdog_ns(), 0u);
}

TEST_F(ServiceNotifyTest, a_period_that_is_no_number_is_none) {
    for (const char* period : {"", "-1", "5s", "99999999999999999999999", "18446744073709551615"}) {
        ServiceNotify other;
        set("NOTIFY_SOCKET", directory / "notify");
        set("WATCHDOG_USEC", period);
        ASSERT_TRUE(other.open());
        EXPECT_EQ(other.watchdog_ns(), 0u) << period;
    }
}

TEST_F(ServiceNotifyTest, a_name_that_is_no_socket_is_an_error) {
    for (const std::string& name :
         {std::string("relative"), std::string("vsock:2:1"), "/" + std::string(200, 'x')}) {
        ServiceNotify other;
        set("NOTIFY_SOCKET", name);
        EXPECT_FALSE(other.open()) << name;
        EXPECT_FALSE(other.is_open());
    }
}

TEST_F(ServiceNotifyTest, says_so_when_nobody_takes_the_message) {
    set("NOTIFY_SOCKET", directory / "nobody");
    ASSERT_TRUE(notify.open());
    EXPECT_FALSE(notify.send("READY=1"));
}

TEST_F(ServiceNotifyTest, a_manager_that_does_not_read_holds_nobody_up) {
    const Manager manager(directory / "notify");
    set("NOTIFY_SOCKET", directory / "notify");
    ASSERT_TRUE(notify.open());
    bool is_taken = true;
    for (int i = 0; i < 100'000 && is_taken; ++i)
        is_taken = notify.send("WATCHDOG=1");
    EXPECT_FALSE(is_taken);
}

}  // namespace
}  // namespace kiln::platform
