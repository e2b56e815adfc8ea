#include "core/base/result.hpp"

#include <cstring>
#include <set>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"

namespace kiln {
namespace {

constexpr Error no_space{.code = ErrorCode::no_space, .section = 1, .chunk = 2, .detail = 28};

Result<int> half(int value) {
    if (value % 2 != 0)
        return no_space;
    return value / 2;
}

Status quarter(int value, int& result) {
    const Result<int> halved = half(value);
    if (!halved)
        return halved.error();
    TRY(half(halved.value()).has_value() ? Status{} : Status{no_space});
    result = halved.value() / 2;
    return {};
}

TEST(Result, holds_a_value_or_an_error) {
    EXPECT_TRUE(half(4).has_value());
    EXPECT_EQ(half(4).value(), 2);
    const Result<int> failed = half(3);
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::no_space);
    EXPECT_EQ(failed.error().section, 1);
    EXPECT_EQ(failed.error().chunk, 2u);
    EXPECT_EQ(failed.error().detail, 28u);
}

TEST(Result, lets_a_value_be_changed_in_place) {
    Result<int> result = half(4);
    result.value() += 5;
    EXPECT_EQ(result.value(), 7);
}

TEST(Result, try_hands_the_error_on_and_otherwise_goes_on) {
    int result = -1;
    EXPECT_TRUE(quarter(8, result));
    EXPECT_EQ(result, 2);
    EXPECT_EQ(quarter(6, result).error().code, ErrorCode::no_space);
    EXPECT_EQ(quarter(5, result).error().code, ErrorCode::no_space);
    EXPECT_EQ(result, 2);
}

TEST(Result, of_nothing_is_a_success_unless_told_otherwise) {
    EXPECT_TRUE(Status{});
    EXPECT_FALSE(Status{no_space});
}

TEST(Result, asking_for_what_it_does_not_hold_is_a_programmer_error) {
    EXPECT_CHECK_FAILS((void)half(3).value(), "has_value_");
    EXPECT_CHECK_FAILS((void)half(4).error(), "!has_value_");
    EXPECT_CHECK_FAILS((void)Status{}.error(), "!has_value\\(\\)");
    EXPECT_CHECK_FAILS((void)Status{Error{}}, "error.code != ErrorCode::none");
    EXPECT_CHECK_FAILS((void)Result<int>{Error{}}, "error.code != ErrorCode::none");
}

TEST(Error, is_small_plain_data) {
    EXPECT_EQ(sizeof(Error), 16u);
    EXPECT_TRUE(std::is_trivially_copyable_v<Error>);
    EXPECT_TRUE(std::is_trivially_copyable_v<Result<std::uint64_t>>);
}

TEST(Error, of_every_kind_has_a_sentence_of_its_own) {
    std::set<std::string> sentences;
    int described = 0;
    for (std::uint16_t number = 0; number < 1'000; ++number) {
        const std::string sentence = describe(static_cast<ErrorCode>(number));
        EXPECT_FALSE(sentence.empty());
        if (sentence == "unknown error")
            continue;
        ++described;
        EXPECT_NE(sentence.back(), '.');
        EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
    }
    EXPECT_GE(described, 20);
}

}  // namespace
}  // namespace kiln
