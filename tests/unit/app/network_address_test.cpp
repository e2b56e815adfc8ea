#include "app/network_address.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

std::string read(std::string_view text) {
    const auto address = parse_network_address(text);
    return address ? address->text() : "refused";
}

TEST(NetworkAddress, a_port_alone_is_on_this_machine_only) {
    EXPECT_EQ(read("9464"), "127.0.0.1:9464");
    EXPECT_EQ(read(":9464"), "127.0.0.1:9464");
    EXPECT_EQ(read("localhost:0"), "127.0.0.1:0");
    EXPECT_TRUE(parse_network_address("9464")->is_loopback());
}

TEST(NetworkAddress, is_a_number_of_either_kind) {
    EXPECT_EQ(read("0.0.0.0:80"), "0.0.0.0:80");
    EXPECT_EQ(read("[::1]:65535"), "[::1]:65535");
    EXPECT_EQ(read("[2001:DB8:0:0::1]:1"), "[2001:db8::1]:1");
    for (const char* text : {"0.0.0.0:80", "10.0.0.1:80", "[::]:80", "[2001:db8::127.0.0.1]:80"})
        EXPECT_FALSE(parse_network_address(text)->is_loopback()) << text;
    for (const char* text : {"127.0.0.1:80", "127.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80"})
        EXPECT_TRUE(parse_network_address(text)->is_loopback()) << text;
}

TEST(NetworkAddress, anything_else_is_refused) {
    using std::string_view_literals::operator""sv;
    for (const std::string_view text :
         {""sv, ":"sv, "none"sv, "65536"sv, "-1"sv, "host:80"sv, "127.0.0.1"sv, "127.0.0.1:"sv,
          "127.1:80"sv, "256.0.0.1:80"sv, "::1:80"sv, "[::1]"sv, "[]:80"sv, "[127.0.0.1]:80"sv,
          "[::1%lo]:80"sv, " 80"sv, "127.0.0.1\0x:80"sv, "80\0"sv, "http://127.0.0.1:80"sv})
        EXPECT_EQ(read(text), "refused") << text;
}

}  // namespace
}  // namespace kiln::app
