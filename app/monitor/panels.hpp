// The parts of a frame, each in an area whose first row is its title.
#pragma once

#include "app/monitor/frame.hpp"

namespace kiln::app {

// "── title ────── value ──"
void draw_title(Canvas& canvas, const Area& area, const std::string& title,
                const std::string& value, const Look& look);

void draw_speed(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_difference(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_held_out(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_scores(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_prediction(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_elo(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);

void draw_memory(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_workers(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_checkpoints(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);
void draw_warnings(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look);

}  // namespace kiln::app
