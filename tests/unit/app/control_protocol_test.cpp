#include "app/control_protocol.hpp"

#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace kiln::app {
namespace {

std::string complaint(std::string_view line) {
    const auto parsed = parse_request(line);
    return parsed.index() == 1 ? std::get<std::string>(parsed) : "";
}

std::vector<Request> all_requests() {
    std::vector<Request> requests;
    for (std::size_t i = 0; i < control_command_names.size(); ++i)
        requests.push_back({static_cast<ControlCommand>(i), "", ""});
    requests[static_cast<std::size_t>(ControlCommand::set)] = {ControlCommand::set, "depth", "4"};
    requests[static_cast<std::size_t>(ControlCommand::log_level)].value = "debug";
    return requests;
}

std::string line_of(const Request& request) {
    std::string line = request_line(request);
    EXPECT_EQ(line.back(), '\n');
    line.pop_back();
    return line;
}

TEST(ControlProtocol, every_request_is_read_back_as_it_was_written) {
    for (const Request& request : all_requests()) {
        const auto parsed = parse_request(line_of(request));
        ASSERT_EQ(parsed.index(), 0u) << line_of(request) << complaint(line_of(request));
        EXPECT_EQ(std::get<Request>(parsed), request);
    }
}

TEST(ControlProtocol, a_value_may_be_a_text_a_number_or_a_truth) {
    for (const auto& [value, text] : std::vector<std::pair<std::string, std::string>>{
             {R"("0.5")", "0.5"}, {"0.5", "0.5"}, {"4", "4"}, {"-3", "-3"}, {"true", "true"}}) {
        const auto parsed =
            parse_request(R"({"command":"set","key":"lambda","value":)" + value + "}");
        ASSERT_EQ(parsed.index(), 0u) << value;
        EXPECT_EQ(std::get<Request>(parsed).value, text);
    }
}

TEST(ControlProtocol, what_is_not_a_request_is_answered_with_what_one_would_be) {
    for (const char* line :
         {"", " ", "status", "[]", "7", "null", "{", R"({"command":"status")",
          R"({"command":"status"} x)", "\xff\xfe", R"({"command":"sta\xfftus"})"})
        EXPECT_EQ(complaint(line),
                  R"(a request is a JSON object on a line, like {"command":"status"})")
            << line;
    EXPECT_EQ(complaint(std::string_view("\0\0\0\0", 4)),
              R"(a request is a JSON object on a line, like {"command":"status"})");
    for (const char* line : {"{}", R"({"command":7})", R"({"command":"Status"})",
                             R"({"command":null})", R"({"Command":"status"})"})
        EXPECT_EQ(complaint(line),
                  "a request names its \"command\", one of status, pause, resume, save, stop, set, "
                  "memory, log-level")
            << line;
}

TEST(ControlProtocol, parameters_that_are_missing_unknown_or_of_another_type_are_named) {
    EXPECT_EQ(complaint(R"({"command":"set","key":"depth"})"), "set needs \"value\"");
    EXPECT_EQ(complaint(R"({"command":"log-level"})"), "log-level needs \"level\"");
    EXPECT_EQ(complaint(R"({"command":"status","key":"depth"})"), "status takes no \"key\"");
    EXPECT_EQ(complaint(R"({"command":"set","key":["depth"],"value":1})"),
              "\"key\" of set is a text or a number");
    EXPECT_EQ(complaint(R"({"command":"set","key":"a","value":null})"),
              "\"value\" of set is a text or a number");
    // A client's own text comes back cut.
    EXPECT_LT(complaint(R"({"command":"stop",")" + std::string(3000, 'x') + R"(":1})").size(),
              100u);
}

TEST(ControlProtocol, a_request_that_is_too_long_or_deeply_nested_is_refused) {
    const std::string fits = R"({"command":"status"})";
    const std::string padding(request_bytes_max - fits.size(), ' ');
    EXPECT_EQ(complaint(fits + padding), "");
    EXPECT_EQ(complaint(fits + padding + " "), "a request has at most 4096 bytes");
    const std::string begin = R"({"command":"set","key":"a","value":)";
    const std::size_t depth = (request_bytes_max - begin.size() - 1) / 2;
    const std::string nested = begin + std::string(depth, '[') + std::string(depth, ']') + "}";
    EXPECT_EQ(complaint(nested), "\"value\" of set is a text or a number");
    EXPECT_NE(complaint(std::string(request_bytes_max, '[')), "");
    EXPECT_NE(complaint(std::string(request_bytes_max, '{')), "");
}

// Turns, removes, doubles and inserts bytes, a few at a time.
std::string mutated(std::string line, RandomStream& stream) {
    for (std::uint64_t edits = 1 + stream.below(4); edits > 0; --edits) {
        const std::size_t at = stream.below(static_cast<std::uint32_t>(line.size() + 1));
        switch (stream.below(4)) {
            case 0:
                if (at < line.size())
                    line[at] = static_cast<char>(stream.below(256));
                break;
            case 1:
                line.erase(std::min(at, line.size()), 1 + stream.below(3));
                break;
            case 2:
                line.insert(at, line.substr(0, stream.below(static_cast<std::uint32_t>(
                                                   std::min<std::size_t>(line.size(), 200) + 1))));
                break;
            default:
                line.insert(at, 1, "{}[]\",:\\0e-\n"[stream.below(12)]);
        }
    }
    return line;
}

TEST(ControlProtocol, a_mutated_request_is_a_request_or_gets_one_short_line) {
    constexpr std::uint64_t seed = 20'261'121;
    const std::vector<Request> requests = all_requests();
    int accepted = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        RandomStream stream(seed, StreamPurpose::position, i);
        const std::string line = mutated(line_of(requests[i % requests.size()]), stream);
        const auto parsed = parse_request(line);
        if (const auto* const request = std::get_if<Request>(&parsed)) {
            ++accepted;
            // What was understood is what is sent on.
            const auto again = parse_request(line_of(*request));
            ASSERT_EQ(again.index(), 0u) << "seed " << seed << " case " << i << ": " << line;
            ASSERT_EQ(std::get<Request>(again), *request) << line;
        } else {
            const std::string reply = dump_line(error_reply(std::get<std::string>(parsed)));
            ASSERT_LT(reply.size(), 300u) << line;
            ASSERT_EQ(reply.find('\n'), std::string::npos) << line;
        }
    }
    // Neither everything nor nothing got through.
    EXPECT_GT(accepted, 100);
    EXPECT_LT(accepted, 10'000);
}

}  // namespace
}  // namespace kiln::app
