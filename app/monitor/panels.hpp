// The parts of a frame, each in an area whose first row is its title.
#pragma once

#include "app/monitor/frame.hpp"

namespace kiln::app {

// "── title ────── value ──"; false: the value has no room.
bool draw_title(Canvas& canvas, const Area& area, const std::string& title,
                const std::string& value, const Look& look);

// Of any run.
void draw_speed(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);

// Of an Othello run, over games.
void draw_difference(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_held_out(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_scores(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_prediction(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_elo(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);

// Of a router, over epochs.
void draw_loss(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_accuracy(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_auc(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_calibration(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_gradient(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_rate(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);

// Of any run.
void draw_memory(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_workers(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_checkpoints(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_warnings(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);

}  // namespace kiln::app
