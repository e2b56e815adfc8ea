#include "app/bench_report.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/failure.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

perf::Report a_report() {
    perf::Report report;
    report.machine = {"x86-64-avx2-zen4", "x86-64-avx2", "A CPU", 2, "g++ 12", "optimised"};
    report.figures = {{"rate", "games/s", perf::at_least(400), {300, 500, 410}},
                      {"time", "ns", perf::lower(), {0.1}}};
    report.breakdowns = {{"training", 2, 5, {{"searching", 0.75}, {"waiting", 0.25}}}};
    report.memory_answer = R"({"ok":true,"regions":[]})";
    return report;
}

class BenchReport : public ::testing::Test {
  protected:
    std::string write(const std::string& text) {
        const std::string path = directory_.path() + "/baseline.json";
        std::ofstream(path) << text;
        return path;
    }
    ExitCode refusal(const std::string& path, const std::string& words) {
        try {
            (void)read_report(path);
        } catch (const Failure& failure) {
            EXPECT_NE(std::string(failure.what()).find(words), std::string::npos) << failure.what();
            EXPECT_EQ(std::string(failure.what()).find('\n'), std::string::npos);
            return failure.exit_code();
        }
        return ExitCode::ok;
    }

    test::TempDirectory directory_;
};

TEST_F(BenchReport, comes_back_as_it_was_written) {
    const perf::Report read = read_report(write(to_json(a_report())));
    EXPECT_EQ(read.machine.kind, "x86-64-avx2-zen4");
    ASSERT_EQ(read.figures.size(), 2u);
    EXPECT_EQ(read.figures[0].name, "rate");
    EXPECT_EQ(read.figures[0].unit, "games/s");
    EXPECT_EQ(read.figures[0].goal.better, perf::Better::higher);
    EXPECT_EQ(read.figures[0].goal.target, 400);
    EXPECT_EQ(read.figures[0].samples, (std::vector<double>{300, 500, 410}));
    EXPECT_EQ(read.figures[1].goal.better, perf::Better::lower);
    EXPECT_FALSE(read.figures[1].goal.target);
    EXPECT_EQ(read.figures[1].samples, std::vector<double>{0.1});
}

TEST_F(BenchReport, holds_what_people_and_scripts_look_for) {
    const auto json = nlohmann::json::parse(to_json(a_report()));
    EXPECT_EQ(json["figures"][0]["median"], 410);
    EXPECT_EQ(json["figures"][0]["met"], true);
    EXPECT_TRUE(json["figures"][1]["met"].is_null());
    EXPECT_EQ(json["time"][0]["bottleneck"], "searching");
    EXPECT_EQ(json["time"][0]["share"], 0.75);
    EXPECT_EQ(json["memory"]["ok"], true);
    EXPECT_EQ(json["partial"], false);
    for (const char* key : {"kind", "cpu", "cpus", "isa", "compiler", "build", "version", "date"})
        EXPECT_TRUE(json["machine"].contains(key)) << key;
}

TEST_F(BenchReport, without_an_answer_of_a_run_there_is_no_memory) {
    perf::Report report = a_report();
    report.memory_answer = "{\"ok\":";
    EXPECT_TRUE(nlohmann::json::parse(to_json(report))["memory"].is_null());
}

TEST_F(BenchReport, what_is_no_baseline_is_refused_with_what_is_wrong) {
    EXPECT_EQ(refusal(directory_.path() + "/absent", "cannot read"), ExitCode::no_input);
    EXPECT_EQ(refusal(directory_.path(), "cannot read"), ExitCode::no_input);
    EXPECT_EQ(refusal(write(""), "not a baseline"), ExitCode::bad_data);
    EXPECT_EQ(refusal(write("null"), "not a baseline"), ExitCode::bad_data);
    EXPECT_EQ(refusal(write(std::string("\0\xff\xfe{", 4)), "not a baseline"), ExitCode::bad_data);
    EXPECT_EQ(refusal(write(std::string(5'000'000, '[')), "too long"), ExitCode::bad_data);
    const std::string whole = to_json(a_report());
    EXPECT_EQ(refusal(write(whole.substr(0, whole.size() / 2)), "not a baseline"),
              ExitCode::bad_data);
    auto json = nlohmann::json::parse(whole);
    json["format"] = 2;
    EXPECT_EQ(refusal(write(json.dump()), "its format is 2"), ExitCode::bad_data);
    json = nlohmann::json::parse(whole);
    json["figures"][0]["samples"] = nlohmann::json::array();
    EXPECT_EQ(refusal(write(json.dump()), "'rate' has no samples"), ExitCode::bad_data);
    json["figures"][0]["samples"] = {"1"};
    EXPECT_EQ(refusal(write(json.dump()), "not a baseline"), ExitCode::bad_data);
    json = nlohmann::json::parse(whole);
    json["figures"][0]["better"] = "sideways";
    EXPECT_EQ(refusal(write(json.dump()), "neither higher nor lower"), ExitCode::bad_data);
    json["figures"][0].erase("better");
    EXPECT_EQ(refusal(write(json.dump()), "better"), ExitCode::bad_data);
}

TEST_F(BenchReport, a_comparison_names_what_regressed) {
    const std::string text = format_comparison({{"fast", "s", perf::Change::regressed, 2, 3, 1.5},
                                                {"new", "s", perf::Change::appeared, 0, 3, {}},
                                                {"old", "s", perf::Change::missing, 2, 0, {}}},
                                               "base.json");
    EXPECT_NE(text.find("1.500"), std::string::npos) << text;
    EXPECT_NE(text.find("not measured, but in base.json: old\n"), std::string::npos) << text;
    EXPECT_NE(text.find("regressed against base.json: fast\n"), std::string::npos) << text;
    EXPECT_NE(format_comparison({}, "base.json").find("nothing regressed"), std::string::npos);
}

}  // namespace
}  // namespace kiln::app
