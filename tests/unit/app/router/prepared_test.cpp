#include "app/router/prepared.hpp"

#include <filesystem>
#include <fstream>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "app/failure.hpp"
#include "app/router/tasks.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

constexpr std::uint32_t samples = 30;

router::RouterSettings settings_of_data() {
    router::RouterSettings settings;
    settings.shape = {2, 4, 1, 0, 0};
    settings.steps = 5;
    settings.training_samples = 24;
    settings.validation_samples = 6;
    settings.loss.alpha = 0.5;
    return settings;
}

PreparedSamples some_samples() {
    PreparedSamples prepared;
    DataSource source;
    source.task = Task::adding;
    source.samples = samples;
    source.steps = 5;
    prepared.data = generate(source);
    prepared.data.teacher = Block(samples * sizeof(float));
    std::iota(prepared.data.teacher.floats().begin(), prepared.data.teacher.floats().end(), 0.5f);
    prepared.parts = split(prepared.data, 0.2, 3);
    prepared.normaliser = fit_normaliser(prepared.data, prepared.parts.first());
    return prepared;
}

struct Room {
    std::vector<float> inputs = std::vector<float>(samples * 10);
    std::vector<float> labels = std::vector<float>(samples);
    std::vector<float> teacher = std::vector<float>(samples);

    router::RouterWorkload::Data data() { return {inputs, labels, teacher}; }
    router::RouterWorkload::Data labels_only() { return {{}, labels, {}}; }
};

std::string complaint(const test::TempDirectory& state, const std::string& checksum) {
    try {
        Room room;
        PreparedFile(state.path()).load(settings_of_data(), checksum, room.data());
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "accepted";
}

TEST(PreparedFile, holds_the_samples_in_their_order_and_normalised) {
    const test::TempDirectory state;
    const PreparedSamples written = some_samples();
    const std::string checksum = write_prepared(state.path(), written);
    Room room;
    PreparedFile file(state.path());
    file.load(settings_of_data(), checksum, room.data());
    EXPECT_EQ(file.normaliser().mean, written.normaliser.mean);
    EXPECT_EQ(prepared_normaliser(state.path()).deviation, written.normaliser.deviation);
    const std::span<const std::uint32_t> order = written.parts.order.span();
    for (std::size_t i = 0; i < samples; ++i) {
        EXPECT_EQ(room.labels[i], written.data.y.floats()[order[i]]);
        EXPECT_EQ(room.teacher[i], written.data.teacher.floats()[order[i]]);
        for (std::size_t j = 0; j < 10; ++j)
            EXPECT_EQ(room.inputs[i * 10 + j], (written.data.x.floats()[order[i] * 10 + j] -
                                                written.normaliser.mean[j % 2]) /
                                                   written.normaliser.deviation[j % 2]);
    }
}

TEST(PreparedFile, gives_a_sample_at_a_time_where_there_is_no_room_for_all) {
    const test::TempDirectory state;
    const std::string checksum = write_prepared(state.path(), some_samples());
    Room whole;
    PreparedFile(state.path()).load(settings_of_data(), checksum, whole.data());
    Room streamed;
    PreparedFile file(state.path());
    file.load(settings_of_data(), checksum, streamed.labels_only());
    EXPECT_EQ(streamed.labels, whole.labels);
    for (std::uint32_t i = samples; i-- > 0;) {
        std::vector<float> inputs(10);
        std::vector<float> teacher(1);
        ASSERT_TRUE(file.read(i, inputs, teacher));
        EXPECT_TRUE(std::equal(inputs.begin(), inputs.end(), whole.inputs.begin() + i * 10));
        EXPECT_EQ(teacher[0], whole.teacher[i]);
    }
}

TEST(PreparedFile, damage_another_run_s_data_and_what_is_missing_are_told_apart) {
    const test::TempDirectory state;
    const std::string path = state / "router.data";
    const std::string checksum = write_prepared(state.path(), some_samples());
    EXPECT_EQ(complaint(state, checksum), "accepted");
    EXPECT_NE(complaint(state, "00000000").find("is not the data that this run began with"),
              std::string::npos);
    const auto size = std::filesystem::file_size(path);
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(size) - 1);
        file.put('\x55');
    }
    EXPECT_NE(complaint(state, checksum).find("is damaged"), std::string::npos);
    std::filesystem::resize_file(path, size + 4);
    EXPECT_NE(complaint(state, checksum).find("is damaged"), std::string::npos);
    for (const std::uintmax_t shorter : {size - 1, std::uintmax_t{60}, std::uintmax_t{48}}) {
        std::filesystem::resize_file(path, shorter);
        EXPECT_NE(complaint(state, checksum).find("is cut short"), std::string::npos) << shorter;
    }
    for (const std::uintmax_t shorter : {std::uintmax_t{47}, std::uintmax_t{0}}) {
        std::filesystem::resize_file(path, shorter);
        EXPECT_NE(complaint(state, checksum).find("is no prepared data"), std::string::npos);
    }
}

TEST(PreparedFile, what_became_shorter_after_it_was_checked_is_an_error_and_no_sample) {
    const test::TempDirectory state;
    const std::string checksum = write_prepared(state.path(), some_samples());
    Room room;
    PreparedFile file(state.path());
    file.load(settings_of_data(), checksum, room.labels_only());
    std::filesystem::resize_file(state / "router.data", 200);
    std::vector<float> inputs(10);
    const Status status = file.read(29, inputs, {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::data_unreadable);
    EXPECT_EQ(status.error().detail, 0u);
    EXPECT_EQ(describe_error(status.error()),
              "the data that the run learns from cannot be read: it is shorter than it was");
}

}  // namespace
}  // namespace kiln::app
