#include "app/router/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "core/router/initial.hpp"

#include "app/failure.hpp"
#include "app/router/model.hpp"
#include "app/router/tasks.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

std::string written(const test::TempDirectory& directory, const std::string& text) {
    std::ofstream(directory / "d.csv") << text;
    return directory / "d.csv";
}

DataSource table(const std::string& path, std::uint32_t steps = 1) {
    DataSource source;
    source.path = path;
    source.steps = steps;
    return source;
}

TEST(Dataset, cuts_rows_into_steps_and_takes_the_label_last) {
    const test::TempDirectory directory;
    const Dataset data = load_dataset(table(written(directory, "1,2,3,4,0\n5,6,7,8,1\n"), 2));
    EXPECT_EQ(data.samples, 2u);
    EXPECT_EQ(data.steps, 2u);
    EXPECT_EQ(data.inputs, 2u);
    EXPECT_EQ(data.outputs, 1u);
    EXPECT_EQ(data.x.floats()[5], 6);
    EXPECT_EQ(data.y.floats()[1], 1);
}

TEST(Dataset, more_than_two_classes_have_an_output_each) {
    const test::TempDirectory directory;
    const std::string path = written(directory, "1,0\n2,3\n");
    EXPECT_EQ(load_dataset(table(path)).outputs, 4u);
    DataSource source = table(path);
    source.at_least = 2;
    const Dataset data = load_dataset(source);
    EXPECT_EQ(data.outputs, 1u);
    EXPECT_EQ(data.y.floats()[1], 1);
}

TEST(Dataset, labels_that_are_no_classes_are_refused) {
    const test::TempDirectory directory;
    for (const char* text : {"1,0.5\n", "1,-1\n", "1,300\n"})
        EXPECT_THROW((void)load_dataset(table(written(directory, text))), Failure) << text;
}

TEST(Split, takes_the_share_of_each_class_by_seed) {
    DataSource source;
    source.task = Task::parity;
    source.samples = 1000;
    source.steps = 5;
    Dataset data = generate(source);
    for (std::size_t i = 0; i < 1000; ++i)
        data.y.floats()[i] = i < 100 ? 1.0f : 0.0f;  // one in ten
    const Split parts = split(data, 0.2, 7);
    EXPECT_EQ(parts.first().size(), 800u);
    EXPECT_EQ(parts.second().size(), 200u);
    EXPECT_EQ(std::count_if(parts.second().begin(), parts.second().end(),
                            [](std::uint32_t i) { return i < 100; }),
              20);
    std::vector<bool> seen(1000);
    for (const auto part : {parts.first(), parts.second()}) {
        EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
        for (const std::uint32_t i : part) {
            EXPECT_FALSE(seen[i]);
            seen[i] = true;
        }
    }
    const auto same = [&](const Split& other) {
        return std::equal(parts.second().begin(), parts.second().end(), other.second().begin());
    };
    EXPECT_TRUE(same(split(data, 0.2, 7)));
    EXPECT_FALSE(same(split(data, 0.2, 8)));
}

TEST(Normaliser, gives_mean_0_and_deviation_1_to_what_it_was_fitted_to) {
    DataSource source;
    source.task = Task::adding;
    source.samples = 500;
    source.steps = 6;
    const Dataset data = generate(source);
    const std::vector<std::uint32_t> chosen = {3, 7, 8, 100, 499};
    fit_normaliser(data, chosen).apply(data.x.floats());
    const Normaliser again = fit_normaliser(data, chosen);
    for (std::size_t j = 0; j < 2; ++j) {
        EXPECT_NEAR(again.mean[j], 0, 1e-5);
        EXPECT_NEAR(again.deviation[j], 1, 1e-5);
    }
}

TEST(Normaliser, an_input_that_never_changes_stays_finite) {
    const test::TempDirectory directory;
    const Dataset data = load_dataset(table(written(directory, "5,1,0\n5,2,1\n")));
    const std::uint32_t both[] = {0, 1};
    fit_normaliser(data, both).apply(data.x.floats());
    EXPECT_EQ(data.x.floats()[0], 0);
    EXPECT_TRUE(std::isfinite(data.x.floats()[2]));
}

TEST(Task, adding_is_the_sum_of_what_is_marked) {
    DataSource source;
    source.task = Task::adding;
    source.samples = 50;
    source.steps = 11;
    const Dataset data = generate(source);
    for (std::size_t i = 0; i < 50; ++i) {
        double sum = 0;
        int marks = 0;
        for (std::size_t t = 0; t < 11; ++t)
            if (data.x.floats()[(i * 11 + t) * 2 + 1] == 1) {
                sum += static_cast<double>(data.x.floats()[(i * 11 + t) * 2]);
                ++marks;
            }
        EXPECT_EQ(marks, 2);
        EXPECT_NEAR(data.y.floats()[i], sum, 1e-6);
    }
}

RouterModel some_model(const router::Shape& shape) {
    RouterModel model;
    model.shape = shape;
    model.steps = 3;
    model.parameters.resize(router::Layout(shape).size());
    router::set_initial_weights(shape, {}, 5, model.parameters);
    model.normaliser = {std::vector<float>(shape.inputs, 0.5f),
                        std::vector<float>(shape.inputs, 2.0f)};
    model.notes["threshold"] = "0.7";
    return model;
}

TEST(Model, a_file_comes_back_to_the_byte) {
    for (const router::Shape& shape :
         {router::Shape{4, 7, 1, 0, 0}, router::Shape{4, 7, 3, 2, 3}}) {
        const RouterModel model = some_model(shape);
        const std::vector<std::byte> file = to_file(model);
        const RouterModel back = parse_model(file, "m");
        EXPECT_EQ(back.shape, shape);
        EXPECT_EQ(back.parameters, model.parameters);
        EXPECT_EQ(back.steps, 3u);
        EXPECT_EQ(back.notes, model.notes);
        EXPECT_EQ(to_file(back), file);
        const std::vector<std::byte> small = to_file(quantised(model));
        EXPECT_EQ(to_file(parse_model(small, "m")), small);
        EXPECT_TRUE(parse_model(small, "m").is_int8);
    }
}

TEST(Model, what_is_missing_or_too_much_is_named) {
    const RouterModel model = some_model({4, 7, 1, 0, 0});
    const std::vector<std::byte> file = to_file(model);
    const auto complaint = [](const SafeTensors& contents) -> std::string {
        try {
            const std::vector<std::byte> changed = to_safetensors(contents);
            (void)parse_model(changed, "m");
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "accepted";
    };
    for (std::size_t i = 0; i < parse_safetensors(file, "m").tensors.size(); ++i) {
        SafeTensors contents = parse_safetensors(file, "m");
        const std::string name = contents.tensors[i].name;
        contents.tensors.erase(contents.tensors.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_NE(complaint(contents).find(name.starts_with("norm") ? "norm." : name),
                  std::string::npos)
            << complaint(contents);
    }
    SafeTensors contents = parse_safetensors(file, "m");
    contents.tensors.push_back({"hello", "F32", {0}, {}});
    EXPECT_EQ(complaint(contents), "m: tensor 'hello' is none of a router's");
    contents = parse_safetensors(file, "m");
    for (SafeTensor& tensor : contents.tensors)
        if (tensor.name == "b_gate")
            tensor.shape = {7, 1};
    EXPECT_EQ(complaint(contents), "m: tensor 'b_gate' has shape [7, 1]; it takes [7]");
    contents = parse_safetensors(file, "m");
    const float nan = NAN;
    for (SafeTensor& tensor : contents.tensors)
        if (tensor.name == "zeta")
            tensor.bytes = std::as_bytes(std::span(&nan, 1));
    EXPECT_EQ(complaint(contents), "m: tensor 'zeta' holds a number that is not finite");
}

TEST(Model, low_rank_and_its_product_say_the_same) {
    const RouterModel model = some_model({4, 7, 3, 2, 3});
    DataSource source;
    source.task = Task::parity;
    source.samples = 1;
    source.steps = 3;
    Dataset data = generate(source);
    data.inputs = 4;
    data.x = Block(12 * sizeof(float));
    for (std::size_t i = 0; i < 12; ++i)
        data.x.floats()[i] = static_cast<float>(i) * 0.1f;
    const Block exact = logits_of(model, data);
    const Block rounded = logits_of(quantised(model), data);
    for (std::size_t k = 0; k < 3; ++k)
        EXPECT_NEAR(exact.floats()[k], rounded.floats()[k], 0.05);
}

}  // namespace
}  // namespace kiln::app
