// What a router's training reports, in words: part of EventTeller.
#include <fmt/format.h>

#include "app/event_text.hpp"
#include "app/router_history.hpp"
#include "app/text.hpp"

namespace kiln::app {

void EventTeller::tell_pass(const Event& event, LogEntry& entry) {
    const auto report = event.as<router::PassReport>();
    entry.fields["epoch"] = report.pass;
    entry.fields["training_loss"] = report.training_loss;
    entry.fields["training_accuracy"] = report.training_accuracy;
    entry.fields["rate"] = report.rate;
    entry.fields["gradient_norm"] = report.gradient_norm;
    entry.fields["is_best"] = report.is_best != 0;
    entry.text = fmt::format("epoch {}: training loss {:.4f}, rate {:g}", report.pass,
                             report.training_loss, report.rate);
    if (report.validation_samples == 0)
        return;
    entry.fields["validation_samples"] = report.validation_samples;
    entry.fields["loss"] = report.loss;
    entry.fields["accuracy"] = report.accuracy;
    entry.fields["auc"] = report.auc;
    entry.fields["calibration_error"] = report.calibration_error;
    entry.text += fmt::format("; validation loss {:.4f}", report.loss);
    if (report.accuracy > 0)
        entry.text +=
            fmt::format(", accuracy {}, AUC {:.4f}, calibration error {:.4f}",
                        format_percent(report.accuracy), report.auc, report.calibration_error);
    if (report.is_best != 0)
        entry.text += ", the best so far";
}

void EventTeller::tell_end(const Event& event, LogEntry& entry) {
    const auto report = event.as<router::EndReport>();
    entry.fields["epochs"] = report.passes;
    entry.fields["is_early"] = report.is_early != 0;
    entry.fields["best_epoch"] = report.best_pass;
    entry.fields["best_loss"] = report.best_loss;
    entry.fields["weights_kept"] = report.kept_weights;
    entry.text = "training ended " + describe_end({.games = event.games,
                                                   .epochs = report.passes,
                                                   .is_early = report.is_early != 0,
                                                   .best_epoch = report.best_pass,
                                                   .best_loss = report.best_loss,
                                                   .weights_kept = report.kept_weights});
}

}  // namespace kiln::app
