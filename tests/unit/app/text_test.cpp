#include "app/text.hpp"

#include <array>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

TEST(Text, groups_digits_by_thousands) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1,000");
    EXPECT_EQ(format_count(1234567), "1,234,567");
    EXPECT_EQ(format_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Text, writes_sizes_in_decimal_units) {
    EXPECT_EQ(format_bytes(0), "0 B");
    EXPECT_EQ(format_bytes(999), "999 B");
    EXPECT_EQ(format_bytes(1000), "1.0 kB");
    EXPECT_EQ(format_bytes(999'949), "999.9 kB");
    EXPECT_EQ(format_bytes(999'950), "1.0 MB");
    EXPECT_EQ(format_bytes(600'000'000), "600.0 MB");
    EXPECT_EQ(format_bytes(UINT64_MAX), "18.4 EB");
    EXPECT_EQ(format_mebibytes(32u << 20), "32 MiB");
    EXPECT_EQ(format_mebibytes((1u << 20) + (1u << 19)), "1.50 MiB");
}

TEST(Text, writes_durations_with_two_units_at_most) {
    EXPECT_EQ(format_duration(0), "0 ms");
    EXPECT_EQ(format_duration(0.9994), "999 ms");
    EXPECT_EQ(format_duration(0.9996), "1.0 s");
    EXPECT_EQ(format_duration(59.94), "59.9 s");
    EXPECT_EQ(format_duration(59.96), "1 min 00 s");
    EXPECT_EQ(format_duration(245), "4 min 05 s");
    EXPECT_EQ(format_duration(3599.6), "1 h 00 min");
    EXPECT_EQ(format_duration(11'520), "3 h 12 min");
    EXPECT_EQ(format_duration(86400.0 * 2 + 3600 * 7), "2 d 07 h");
}

TEST(Text, writes_rates_with_three_digits_or_more) {
    EXPECT_EQ(format_rate(0.4235), "0.42");
    EXPECT_EQ(format_rate(38.44), "38.4");
    EXPECT_EQ(format_rate(99.96), "100");
    EXPECT_EQ(format_rate(2310.4), "2,310");
    EXPECT_EQ(format_percent(0.871), "87.1 %");
    EXPECT_EQ(format_discs(-0.314), "-0.31");
    EXPECT_EQ(format_discs(1.25), "+1.25");
}

TEST(Text, reads_sizes_as_people_write_them) {
    EXPECT_EQ(parse_bytes("600000000"), 600'000'000u);
    EXPECT_EQ(parse_bytes("600MB"), 600'000'000u);
    EXPECT_EQ(parse_bytes("600 mb"), 600'000'000u);
    EXPECT_EQ(parse_bytes("2GiB"), std::uint64_t{2} << 30);
    EXPECT_EQ(parse_bytes("1.5GB"), 1'500'000'000u);
    EXPECT_EQ(parse_bytes("0.5KiB"), 512u);
    EXPECT_EQ(parse_bytes("7B"), 7u);
    for (const char* wrong : {"", "MB", "1.2.3MB", "-5MB", "5 parsecs", "5M", "99999999TB", "1e9"})
        EXPECT_EQ(parse_bytes(wrong), std::nullopt) << wrong;
}

TEST(Text, reads_numbers_whole_or_not_at_all) {
    EXPECT_EQ(parse_count("18446744073709551615"), UINT64_MAX);
    for (const char* wrong : {"", "18446744073709551616", "-1", "+1", "1 ", "1.0", "0x10"})
        EXPECT_EQ(parse_count(wrong), std::nullopt) << wrong;
    EXPECT_EQ(parse_real("0.05"), 0.05);
    EXPECT_EQ(parse_real("1e-3"), 1e-3);
    for (const char* wrong : {"", "nan", "inf", "0.05x", " 1"})
        EXPECT_EQ(parse_real(wrong), std::nullopt) << wrong;
}

TEST(Text, guesses_a_mistyped_name_only_when_it_is_near) {
    const std::array names = {"lambda", "games", "depth"};
    EXPECT_EQ(nearest_name("lamda", names), "lambda");
    EXPECT_EQ(nearest_name("game", names), "games");
    EXPECT_EQ(nearest_name("dpeth", names), "depth");
    EXPECT_EQ(nearest_name("temperature", names), "");
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace kiln::app
