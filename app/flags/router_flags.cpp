#include "app/flags/router_flags.hpp"

#include <algorithm>
#include <array>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/flags/whole.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr const char* router_examples = R"(Examples:
  kiln router train --data digits.csv.gz --steps 8 --at-least 5 --state state/digits
  kiln router evaluate --model state/digits/model.safetensors --data test.csv --cost-wrong 10
  kiln router predict --model state/digits/model.safetensors --data candidates.csv
  kiln router quantize --model state/digits/model.safetensors --out small.safetensors
`kiln router COMMAND --help` tells more about each.)";
constexpr const char* train_examples = R"(Examples:
  kiln router train --data digits.csv.gz --steps 8 --at-least 5 --rate 0.01 --state state/digits
  kiln router train --task latch --steps 100 --horizon 100 --rate 0.005 --state state/latch
  kiln router train --resume --state state/digits
A table is .csv or .csv.gz with the label last; an archive is .npz with x, y and perhaps
teacher_logits. The split is drawn by --seed, each class by itself, before the inputs are
normalised. Ctrl-C saves and ends; --resume goes on from there. The best weights are written to
model.safetensors in the state directory, or to --out.)";
constexpr const char* distill_examples = R"(Examples:
  kiln router distill --teacher big.safetensors --data train.csv --hidden 8 --state state/small
The teacher's logits are targets beside the labels: alpha T^2 CE(soft at T) + (1 - alpha) CE(hard),
with --alpha and --temperature.)";
constexpr const char* evaluate_examples = R"(Examples:
  kiln router evaluate --model model.safetensors --data test.csv
  kiln router evaluate --model m.safetensors --data v.csv --calibrate --cost-wrong 10 --out m2
  kiln router evaluate --model m.safetensors --data v.csv --risk 0.02 --out m2
--cost-wrong chooses the threshold of least cost: class 1 is the light path; a wrong light decision
costs that much, every strong decision --cost-strong. --risk chooses the threshold with the most
light decisions of which at most that share is wrong. Choose on validation data, not on those that
the model learned from. With --out, threshold and calibration are kept in a model.)";
constexpr const char* predict_examples = R"(Examples:
  kiln router predict --model model.safetensors --data candidates.csv
  kiln router predict --model model.safetensors --data x.npz --out decisions.csv
The data may have labels or not.)";
constexpr const char* quantize_examples = R"(Examples:
  kiln router quantize --model model.safetensors --out small.safetensors --data test.csv
Weights become whole numbers from -127 to 127 with a scale a row; a model of low rank is multiplied
out. With data: what it costs.)";
constexpr const char* prune_examples = R"(Examples:
  kiln router prune --model model.safetensors --keep-share 0.5 --out pruned.safetensors
In one shot, without learning again; `router train --keep-share` prunes in three stages.)";
constexpr const char* inspect_examples = R"(Examples:
  kiln router inspect --model model.safetensors)";
constexpr const char* gradients_examples = R"(Examples:
  kiln router gradients --model w.safetensors --data batch.npz --out g.safetensors --double
Mean loss of the batch, logits, and the gradient of every tensor; inputs are not normalised.)";

// Settings of any run that `router train` has too.
constexpr std::array<std::string_view, 14> general = {
    "seed",     "state",   "resume", "on-corrupt", "stop-after", "checkpoint-every", "keep",
    "compress", "workers", "memory", "lockdown",   "no-pin",     "log-level",        "quiet"};

bool is_offered(const Setting& setting) {
    if (setting.scope == Scope::router)
        return setting.kept != Kept::in_checkpoint_only;
    return std::find(general.begin(), general.end(), setting.name) != general.end();
}

}  // namespace

void RouterFlags::add_to(CLI::App& app) {
    CLI::App* const router =
        app.add_subcommand("router", "train, measure, shrink and use a FastGRNN router");
    router->require_subcommand(1);
    router->footer(router_examples);
    const auto add = [&](const char* name, const char* what, const char* examples) {
        CLI::App* const command = router->add_subcommand(name, what);
        command->footer(examples);
        return command;
    };
    const auto add_model = [&](CLI::App* command) {
        command->add_option("--model", model_, "a model (.safetensors)")
            ->type_name("FILE")
            ->required();
        return command;
    };
    train_ = add("train", "train a model, with checkpoints", train_examples);
    add_train(*train_);
    distill_ = add("distill", "train a smaller model on what a larger one says", distill_examples);
    add_train(*distill_);
    auto* evaluate = add_model(add("evaluate", "measure a model on data", evaluate_examples));
    add_data(*evaluate);
    evaluate->add_option("--cost-wrong", cost_wrong_, "of a wrong decision for class 1")
        ->type_name("COST");
    evaluate->add_option("--cost-strong", cost_strong_, "of a decision for class 0 [1]")
        ->type_name("COST");
    evaluate->add_option("--risk", risk_, "share of the decisions for class 1 that may be wrong")
        ->type_name("SHARE");
    evaluate->add_flag("--calibrate", calibrate_, "fit the temperature of probabilities first");
    evaluate->add_option("--out", out_, "the model with threshold and calibration")
        ->type_name("FILE");
    auto* predict = add_model(
        add("predict", "probability, uncertainty and decision of each row", predict_examples));
    add_data(*predict);
    predict->add_option("--out", out_, "a table [standard output]")->type_name("FILE");
    auto* quantize =
        add_model(add("quantize", "weights of eight bits, a scale a row", quantize_examples));
    auto* prune = add_model(add("prune", "keep the largest weights", prune_examples));
    for (CLI::App* command : {quantize, prune}) {
        add_data(*command);
        command->add_option("--out", out_, "the smaller model")->type_name("FILE")->required();
    }
    prune->add_option("--keep-share", keep_, "of the weights of each of the cell's matrices [0.3]")
        ->type_name("SHARE");
    auto* inspect =
        add_model(add("inspect", "shape, size and tensors of a model", inspect_examples));
    for (CLI::App* command : {evaluate, quantize, prune, inspect})
        command->add_flag("--json", json_, "print the result as JSON");
    auto* gradients =
        add_model(add("gradients", "loss, logits and gradients of a batch", gradients_examples));
    gradients->add_option("--data", path_, "a batch (.npz)")->type_name("FILE")->required();
    gradients->add_option("--out", out_, "gradients (.safetensors)")->type_name("FILE")->required();
    gradients->add_flag("--double", in_double_, "by the reference in double precision");
    gradients->add_option("--alpha", alpha_, "weight of teacher_logits [0]")->type_name("SHARE");
    gradients->add_option("--temperature", temperature_, "[3]")->type_name("T");
    gradients->add_option("--l2", l2_, "[0]")->type_name("WEIGHT");
    gradients->add_option("--clip-by", clip_by_, "none, norm or value [none]")->type_name("HOW");
    gradients->add_option("--clip", clip_, "[5]")->type_name("LIMIT");
}

void RouterFlags::add_data(CLI::App& command) {
    command.add_option("--data", path_, "a table (.csv, .csv.gz) or an archive (.npz)")
        ->type_name("FILE");
    command.add_option("--task", task_, "generated data instead: adding, latch or parity")
        ->type_name("NAME");
    command.add_option("--samples", samples_, "of a task [10000]")->type_name("N");
    command.add_option("--task-seed", task_seed_, "of a task [1]")->type_name("NUMBER");
    command.add_option("--at-least", at_least_, "labels from here on are class 1, others class 0")
        ->type_name("LABEL");
}

void RouterFlags::add_train(CLI::App& command) {
    add_data(command);
    command.add_option("--steps", steps_, "steps that a row is cut into, or of a task [1]")
        ->type_name("T");
    command.add_option("--validation", validation_, "share of each class to measure on [0.2]")
        ->type_name("SHARE");
    command.add_flag("--raw", is_raw_, "do not normalise the inputs");
    command.add_option("--teacher", teacher_, "a model whose logits are targets too")
        ->type_name("FILE");
    command.add_option("--out", out_, "the trained model [model.safetensors in --state]")
        ->type_name("FILE");
    for (const Setting& setting : all_settings())
        if (is_offered(setting))
            add_setting(command, setting);
}

void RouterFlags::add_setting(CLI::App& command, const Setting& setting) {
    const std::string flag = fmt::format("--{}", setting.name);
    if (std::holds_alternative<Switch>(setting.allowed)) {
        command.add_flag(flag, switches_[setting.name], setting.help);
        return;
    }
    const std::string standard =
        setting.standard != nullptr ? setting.standard : format_value(setting, RunSettings());
    command.add_option(flag, values_[setting.name], fmt::format("{} [{}]", setting.help, standard))
        ->type_name(setting.operand);
}

double RouterFlags::real(const char* flag, const std::string& text, double low, double high) const {
    const auto value = parse_real(text);
    if (!value || !(*value >= low && *value <= high))
        throw Failure(ExitCode::usage,
                      fmt::format("{}: '{}' is not allowed; it takes a number from {} to {}", flag,
                                  text, low, high));
    return *value;
}

DataSource RouterFlags::data() const {
    DataSource source;
    source.path = path_;
    if (!task_.empty()) {
        if (!path_.empty())
            throw Failure(ExitCode::usage, "--task: excludes --data; give one of them");
        source.task = task_ == "adding"   ? Task::adding
                      : task_ == "latch"  ? Task::latch
                      : task_ == "parity" ? Task::parity
                                          : Task::none;
        if (source.task == Task::none)
            throw Failure(
                ExitCode::usage,
                fmt::format("--task: '{}' is not allowed; it takes adding, latch or parity",
                            task_));
    }
    source.samples = static_cast<std::uint32_t>(whole("--samples", samples_, 1, 1u << 24));
    source.seed = whole("--task-seed", task_seed_, 0, UINT64_MAX);
    if (!steps_.empty())
        source.steps = static_cast<std::uint32_t>(whole("--steps", steps_, 1, 65'535));
    if (!at_least_.empty())
        source.at_least = real("--at-least", at_least_, -1e9, 1e9);
    return source;
}

RunOptions RouterFlags::run() const {
    RunOptions run;
    const CLI::App& command = train_->parsed() ? *train_ : *distill_;
    for (const Setting& setting : all_settings()) {
        const std::string flag = fmt::format("--{}", setting.name);
        if (!is_offered(setting) || command.count(flag) == 0)
            continue;
        const bool is_switch = std::holds_alternative<Switch>(setting.allowed);
        run.from_flags.push_back(
            {&setting, is_switch ? "true" : values_.at(setting.name), flag, ExitCode::usage});
    }
    return run;
}

RouterOptions RouterFlags::options(const std::string& action) const {
    RouterOptions options;
    options.action = action == "evaluate"    ? RouterAction::evaluate
                     : action == "predict"   ? RouterAction::predict
                     : action == "quantize"  ? RouterAction::quantize
                     : action == "prune"     ? RouterAction::prune
                     : action == "inspect"   ? RouterAction::inspect
                     : action == "gradients" ? RouterAction::gradients
                                             : RouterAction::train;
    options.model = model_;
    options.data = data();
    options.out = out_;
    options.json = json_;
    options.validation = real("--validation", validation_, 0, 0.9);
    options.normalise = !is_raw_;
    options.teacher = teacher_;
    if (action == "distill" && teacher_.empty() && path_.empty())
        throw Failure(ExitCode::usage,
                      "router distill: no teacher; give --teacher MODEL, or data "
                      "with teacher_logits");
    if (options.action == RouterAction::train)
        options.run = run();
    if (!cost_wrong_.empty())
        options.cost_wrong = real("--cost-wrong", cost_wrong_, 0, 1e12);
    options.cost_strong = real("--cost-strong", cost_strong_, 0, 1e12);
    if (!risk_.empty()) {
        options.risk = real("--risk", risk_, 0, 1);
        if (options.cost_wrong)
            throw Failure(ExitCode::usage, "--risk: excludes --cost-wrong; give one of them");
    }
    options.calibrate = calibrate_;
    options.keep_share = real("--keep-share", keep_, 0, 1);
    options.in_double = in_double_;
    options.alpha = real("--alpha", alpha_, 0, 1);
    options.temperature = real("--temperature", temperature_, 0.01, 1000);
    options.l2 = real("--l2", l2_, 0, 100);
    if (clip_by_ != "none" && clip_by_ != "norm" && clip_by_ != "value")
        throw Failure(
            ExitCode::usage,
            fmt::format("--clip-by: '{}' is not allowed; it takes none, norm or value", clip_by_));
    options.clip_by = clip_by_;
    options.clip = real("--clip", clip_, 1e-6, 1e6);
    return options;
}

}  // namespace kiln::app
