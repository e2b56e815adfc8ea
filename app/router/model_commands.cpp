// `kiln router evaluate | predict | quantize | prune | inspect`: what is done with a trained model.
#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/numeric/interval.hpp"

#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/log_entry.hpp"
#include "app/router/commands.hpp"
#include "app/router/judgement.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"

namespace kiln::app {
namespace {

using Json = nlohmann::ordered_json;

void print(const Json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

DataSource source_for(const RouterModel& model, DataSource source) {
    if (source.path.empty() && source.task == Task::none)
        throw Failure(ExitCode::usage, "router: no data; give --data FILE or --task NAME");
    source.steps = model.steps;
    source.inputs = model.shape.inputs;
    return source;
}

// How far scoring is, on a terminal in one line that is redrawn, else every ten seconds.
class Scoring {
  public:
    explicit Scoring(std::uint64_t samples) : samples_(samples) {}
    ~Scoring() { console_.erase_live(); }

    OnScored teller() {
        return [this](std::uint64_t done) { tell(done); };
    }

  private:
    void tell(std::uint64_t done) {
        const double seconds = static_cast<double>(clock_.now_ns() - begun_ns_) * 1e-9;
        if (seconds < next_s_ || done == 0)
            return;
        next_s_ = seconds + (console_.is_terminal() ? 0.2 : 10);
        const double rate = static_cast<double>(done) / seconds;
        const std::string line = fmt::format(
            "{} / {} samples ({}), {} samples/s, {} left", format_count(done),
            format_count(samples_),
            format_percent(static_cast<double>(done) / static_cast<double>(samples_)),
            format_rate(rate), format_duration(static_cast<double>(samples_ - done) / rate));
        if (console_.is_terminal())
            console_.live(line);
        else
            console_.print(line);
    }

    std::uint64_t samples_;
    Console console_{stderr};
    platform::MonotonicClock clock_;
    std::uint64_t begun_ns_ = clock_.now_ns();
    double next_s_ = console_.is_terminal() ? 0.5 : 10;
};

Block scored(const RouterModel& model, const Dataset& data) {
    Scoring scoring(data.samples);
    return logits_of(model, data, scoring.teller());
}

// Chooses a threshold if one is asked for, keeps it in the model and says what it does.
void decide(const RouterOptions& options, const Dataset& data, std::span<const float> logits,
            RouterModel& model, Json& json, std::string& text) {
    if (!options.cost_wrong && !options.risk)
        return;
    if (model.shape.outputs != 1 || model.kind != router::LossKind::cross_entropy)
        throw Failure(ExitCode::usage, fmt::format("{}: a threshold takes a model with two classes",
                                                   options.cost_wrong ? "--cost-wrong" : "--risk"));
    const std::span<const float> labels = data.y.floats();
    const Decision decision =
        options.cost_wrong ? cheapest(logits, labels, *options.cost_wrong, options.cost_strong)
                           : within_risk(logits, labels, *options.risk);
    const double light_share = static_cast<double>(decision.light) / data.samples;
    set_threshold(model, decision.threshold);
    json["threshold"] = decision.threshold;
    json["light_share"] = light_share;
    text += fmt::format("\nthreshold {:.4f}: {} take the light path", decision.threshold,
                        format_percent(light_share));
    if (options.cost_wrong) {
        json["cost"] = decision.cost;
        json["cost_always_light"] = decision.always_light;
        json["cost_always_strong"] = decision.always_strong;
        text += fmt::format(", cost {:.4f} a sample (always light {:.4f}, always strong {:.4f})",
                            decision.cost, decision.always_light, decision.always_strong);
        return;
    }
    const double share = decision.light == 0 ? 0
                                             : static_cast<double>(decision.wrong) /
                                                   static_cast<double>(decision.light);
    const Interval interval = wilson_interval(static_cast<double>(decision.wrong), decision.light);
    json["risk"] = share;
    json["risk_upper"] = interval.upper;
    text += fmt::format(", {} of them wrongly (95 % interval to {}, Wilson)", format_percent(share),
                        format_percent(interval.upper));
}

ExitCode evaluate(const RouterOptions& options) {
    RouterModel model = load_model(options.model);
    const Dataset data = load_dataset(source_for(model, options.data));
    const Block scores = scored(model, data);
    const std::span<float> logits = scores.floats();
    double temperature = calibration_of(model);
    if (options.calibrate)
        temperature = best_temperature(model, data, logits);
    divide(logits, temperature);
    const router::Metrics metrics = measured(model, data, logits);
    Json json = {{"model", options.model},
                 {"data", data.origin},
                 {"samples", data.samples},
                 {"loss", metrics.loss},
                 {"bytes", parameter_bytes(model)}};
    std::string text = fmt::format("{} on {} ({} samples): loss {:.4f}", options.model, data.origin,
                                   format_count(data.samples), metrics.loss);
    if (model.kind == router::LossKind::cross_entropy) {
        json["accuracy"] = metrics.accuracy;
        json["log_loss"] = metrics.loss;
        json["auc"] = metrics.auc;
        json["calibration_error"] = metrics.calibration_error;
        json["calibration_temperature"] = temperature;
        json["majority_class"] = majority_share(data);
        text += fmt::format(
            ", accuracy {} (majority class {}), AUC {:.4f}, calibration error "
            "{:.4f} at temperature {:.3f}",
            format_percent(metrics.accuracy), format_percent(majority_share(data)), metrics.auc,
            metrics.calibration_error, temperature);
    }
    decide(options, data, logits, model, json, text);
    if (!options.out.empty()) {
        if (options.calibrate)
            set_calibration(model, temperature);
        write_whole(options.out, to_file(model));
    }
    if (options.json)
        print(json);
    else
        fmt::print("{}\n", text);
    return ExitCode::ok;
}

// A line a sample.
std::string prediction(const RouterModel& model, std::span<const float> logits, double threshold,
                       std::span<double> probabilities) {
    if (model.kind == router::LossKind::squared_error)
        return fmt::format("{}\n", logits[0]);
    probabilities_of(logits, probabilities);
    const double uncertainty = uncertainty_of(probabilities);
    if (logits.size() == 1)
        return fmt::format("{:.6f},{:.6f},{}\n", probabilities[0], uncertainty,
                           probabilities[0] >= threshold ? "light" : "strong");
    const std::uint32_t best = router::predicted_class(logits);
    return fmt::format("{},{:.6f},{:.6f}\n", best, probabilities[best], uncertainty);
}

ExitCode predict(const RouterOptions& options) {
    const RouterModel model = load_model(options.model);
    DataSource source = source_for(model, options.data);
    source.may_lack_labels = true;
    const Dataset data = load_dataset(source);
    const double threshold = threshold_of(model);
    const Block scores = scored(model, data);
    divide(scores.floats(), calibration_of(model));
    std::optional<OutputFile> file;
    if (!options.out.empty())
        file.emplace(options.out);
    const auto write = [&](std::string_view text) {
        if (file)
            file->append(std::as_bytes(std::span(text)));
        else
            fmt::print("{}", text);
    };
    const std::size_t K = model.shape.outputs;
    write(model.kind == router::LossKind::squared_error ? "value\n"
          : K == 1                                      ? "probability,uncertainty,decision\n"
                                                        : "class,probability,uncertainty\n");
    std::vector<double> probabilities(K);
    for (std::size_t i = 0; i < data.samples; ++i)
        write(prediction(model, scores.floats().subspan(i * K, K), threshold, probabilities));
    if (file)
        file->complete();
    return ExitCode::ok;
}

// Writes the smaller model, and says what it costs on data if there are any.
ExitCode shrink(const RouterOptions& options, const RouterModel& before, const RouterModel& after,
                const char* what) {
    if (options.out.empty())
        throw Failure(ExitCode::usage, fmt::format("router {}: --out FILE says where to", what));
    const std::vector<std::byte> file = to_file(after);
    Json json = {{"model", options.model},
                 {"out", options.out},
                 {"bytes_before", parameter_bytes(before)},
                 {"bytes", parameter_bytes(after)},
                 {"file_bytes", file.size()}};
    std::string text =
        fmt::format("{}: {} bytes of parameters and scales, {} before", options.out,
                    format_count(parameter_bytes(after)), format_count(parameter_bytes(before)));
    if (!options.data.path.empty() || options.data.task != Task::none) {
        const Dataset data = load_dataset(source_for(before, options.data));
        const router::Metrics was = measured(before, data, scored(before, data).floats());
        const router::Metrics is = measured(after, data, scored(after, data).floats());
        json["accuracy_before"] = was.accuracy;
        json["accuracy"] = is.accuracy;
        json["loss_before"] = was.loss;
        json["loss"] = is.loss;
        text += fmt::format("; accuracy {} -> {}, loss {:.4f} -> {:.4f} on {}",
                            format_percent(was.accuracy), format_percent(is.accuracy), was.loss,
                            is.loss, data.origin);
    }
    write_whole(options.out, file);
    if (options.json)
        print(json);
    else
        fmt::print("{}\n", text);
    return ExitCode::ok;
}

ExitCode prune(const RouterOptions& options) {
    const RouterModel model = load_model(options.model);
    return shrink(options, model, pruned(model, options.keep_share), "prune");
}

ExitCode inspect(const RouterOptions& options) {
    const RouterModel model = load_model(options.model);
    const router::Layout layout(model.shape);
    Json json = {{"model", options.model},
                 {"inputs", model.shape.inputs},
                 {"steps", model.steps},
                 {"hidden", model.shape.hidden},
                 {"outputs", model.shape.outputs},
                 {"input_rank", model.shape.input_rank},
                 {"state_rank", model.shape.state_rank},
                 {"parameters", layout.size()},
                 {"bytes", parameter_bytes(model)},
                 {"int8", model.is_int8},
                 {"normalised", !model.normaliser.mean.empty()}};
    std::string text = fmt::format(
        "{}: {} steps of {} inputs, {} units, {} outputs, {} parameters in {} bytes{}\n",
        options.model, model.steps, model.shape.inputs, model.shape.hidden, model.shape.outputs,
        format_count(layout.size()), format_count(parameter_bytes(model)),
        model.is_int8 ? ", int8" : "");
    for (const router::Tensor& tensor : layout.tensors()) {
        const auto values = std::span(model.parameters).subspan(tensor.offset, tensor.size());
        const auto zeros = std::count(values.begin(), values.end(), 0.0f);
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        json["tensors"][tensor.name] = {{"rows", tensor.rows},
                                        {"columns", tensor.columns},
                                        {"zeros", zeros},
                                        {"least", *low},
                                        {"largest", *high}};
        text += fmt::format("  {:<12} {:>4} x {:<4} {:>10.5f} .. {:<10.5f} {} zeros\n", tensor.name,
                            tensor.rows, tensor.columns, *low, *high, zeros);
    }
    for (const auto& [name, note] : model.notes)
        json["notes"][name] = note;
    if (options.json)
        print(json);
    else
        fmt::print("{}", text);
    return ExitCode::ok;
}

}  // namespace

ExitCode run_router(const RouterOptions& options) {
    switch (options.action) {
        case RouterAction::train:
            return run_router_train(options);
        case RouterAction::evaluate:
            return evaluate(options);
        case RouterAction::predict:
            return predict(options);
        case RouterAction::quantize: {
            const RouterModel model = load_model(options.model);
            return shrink(options, model, quantised(model), "quantize");
        }
        case RouterAction::prune:
            return prune(options);
        case RouterAction::inspect:
            return inspect(options);
        case RouterAction::gradients:
            return run_router_gradients(options);
    }
    return ExitCode::internal;
}

}  // namespace kiln::app
