#include "app/monitor/charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace kiln::app {
namespace {

constexpr char32_t eighths_up = 0x2580;  // U+2581 to U+2588: one to eight eighths from below
constexpr char32_t full_block = 0x2588;
constexpr char32_t braille = 0x2800;

// A bit of a braille character by column and row from the top.
constexpr std::array<std::array<unsigned, 4>, 2> braille_bits = {
    {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};

double position_in(const Range& range, double value) {
    return range.high > range.low
               ? std::clamp((value - range.low) / (range.high - range.low), 0.0, 1.0)
               : 0.5;
}

bool is_drawable(const Dot& dot) {
    return std::isfinite(dot.x) && std::isfinite(dot.y);
}

// The mean of the dots in each of `columns` equal parts of the range; NaN where there is none, and
// between two that have one, what lies on the line between them.
std::vector<double> by_column(const Curve& curve, const Range& x, int columns) {
    const auto count = static_cast<std::size_t>(columns);
    std::vector<double> sums(count, 0);
    std::vector<double> weights(count, 0);
    for (const Dot& dot : curve.dots) {
        if (!is_drawable(dot))
            continue;
        const auto at =
            std::min(static_cast<std::size_t>(position_in(x, dot.x) * static_cast<double>(count)),
                     count - 1);
        sums[at] += dot.y;
        ++weights[at];
    }
    std::vector<double> values(count, std::nan(""));
    std::size_t last = count;
    for (std::size_t at = 0; at < count; ++at) {
        if (weights[at] <= 0)
            continue;
        values[at] = sums[at] / weights[at];
        for (std::size_t gap = last + 1; last < count && gap < at; ++gap)
            values[gap] =
                std::lerp(values[last], values[at],
                          static_cast<double>(gap - last) / static_cast<double>(at - last));
        last = at;
    }
    return values;
}

void draw_filled(Canvas& canvas, const Area& area, const ChartPlan& plan, const Curve& curve,
                 const Look& look) {
    const std::vector<double> values = by_column(curve, plan.x, area.width);
    const int steps = look.has_unicode ? 8 : 1;
    for (int column = 0; column < area.width; ++column) {
        const double value = values[static_cast<std::size_t>(column)];
        if (!std::isfinite(value))
            continue;
        // What is there at all shows.
        int left = std::max(
            1, static_cast<int>(std::lround(position_in(plan.y, value) * area.height * steps)));
        for (int y = area.top + area.height - 1; left > 0; --y, left -= steps)
            canvas.put(
                area.left + column, y,
                look.has_unicode ? eighths_up + static_cast<char32_t>(std::min(left, 8)) : U'#',
                curve.style);
    }
}

// Dots in a grid finer than the characters, joined by lines.
class DotGrid {
  public:
    explicit DotGrid(const Area& area)
        : area_(area),
          bits_(static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height)),
          styles_(bits_.size(), Style::plain) {}

    int columns() const { return area_.width * 2; }
    int rows() const { return area_.height * 4; }

    void set(int column, int row, Style style) {
        const std::size_t at =
            static_cast<std::size_t>(row / 4) * static_cast<std::size_t>(area_.width) +
            static_cast<std::size_t>(column / 2);
        bits_[at] |=
            braille_bits[static_cast<std::size_t>(column % 2)][static_cast<std::size_t>(row % 4)];
        styles_[at] = style;
    }

    void draw_on(Canvas& canvas) const {
        for (std::size_t at = 0; at < bits_.size(); ++at)
            if (bits_[at] != 0)
                canvas.put(area_.left + static_cast<int>(at) % area_.width,
                           area_.top + static_cast<int>(at) / area_.width, braille + bits_[at],
                           styles_[at]);
    }

  private:
    Area area_;
    std::vector<unsigned> bits_;
    std::vector<Style> styles_;
};

int row_of(const Range& y, double value, int rows) {
    return static_cast<int>(std::lround((1 - position_in(y, value)) * (rows - 1)));
}

void draw_dots(Canvas& canvas, const Area& area, const ChartPlan& plan,
               std::span<const Curve> curves) {
    DotGrid grid(area);
    for (const Curve& curve : curves) {
        const std::vector<double> values = by_column(curve, plan.x, grid.columns());
        std::optional<int> before;
        for (int column = 0; column < grid.columns(); ++column) {
            const double value = values[static_cast<std::size_t>(column)];
            if (!std::isfinite(value))
                continue;
            const int row = row_of(plan.y, value, grid.rows());
            const int from = before.value_or(row);
            for (int at = std::min(row, from + (from < row ? 1 : 0));
                 at <= std::max(row, from - (from > row ? 1 : 0)); ++at)
                grid.set(column, at, curve.style);
            before = row;
        }
    }
    grid.draw_on(canvas);
}

void draw_letters(Canvas& canvas, const Area& area, const ChartPlan& plan,
                  std::span<const Curve> curves) {
    for (const Curve& curve : curves) {
        const std::vector<double> values = by_column(curve, plan.x, area.width);
        for (int column = 0; column < area.width; ++column)
            if (const double value = values[static_cast<std::size_t>(column)]; std::isfinite(value))
                canvas.put(area.left + column, area.top + row_of(plan.y, value, area.height),
                           static_cast<char32_t>(curve.letter), curve.style);
    }
}

}  // namespace

std::optional<Range> range_of(std::span<const Curve> curves) {
    std::optional<Range> range;
    for (const Curve& curve : curves)
        for (const Dot& dot : curve.dots)
            if (is_drawable(dot))
                range = range ? Range{std::min(range->low, dot.y), std::max(range->high, dot.y)}
                              : Range{dot.y, dot.y};
    return range;
}

double usual_most(const Curve& curve) {
    std::vector<double> values;
    for (const Dot& dot : curve.dots)
        if (is_drawable(dot))
            values.push_back(dot.y);
    if (values.empty())
        return 0;
    const auto ninth = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * 9 / 10);
    std::nth_element(values.begin(), ninth, values.end());
    const double usual = *ninth;
    const double most = *std::max_element(ninth, values.end());
    return usual > 0 ? std::min(most, 2 * usual) : most;
}

void draw_bar(Canvas& canvas, int x, int y, int width, double share, Style style,
              const Look& look) {
    const double within = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
    const int steps = look.has_unicode ? 8 : 1;
    int filled = static_cast<int>(std::floor(within * width * steps));
    if (within > 0 && filled == 0)
        filled = 1;  // something is there
    for (int column = 0; column < width; ++column, filled -= steps) {
        if (filled >= steps)
            canvas.put(x + column, y, look.has_unicode ? full_block : U'#', style);
        else if (filled > 0)  // U+258F to U+2589: one to seven eighths from the left
            canvas.put(x + column, y, 0x2590 - static_cast<char32_t>(filled), style);
        else
            canvas.put(x + column, y, look.has_unicode ? 0x00B7 : U'.', Style::faint);
    }
}

void draw_chart(Canvas& canvas, const ChartPlan& plan, std::span<const Curve> curves,
                const Look& look) {
    Area inner = plan.area;
    inner.left += plan.label_columns + 1;
    inner.width -= plan.label_columns + 1;
    if (inner.width < 2 || inner.height < 1)
        return;
    const int label_end = plan.area.left + plan.label_columns;
    canvas.text_before(label_end, inner.top, short_number(plan.y.high), Style::faint);
    if (inner.height > 1)
        canvas.text_before(label_end, inner.top + inner.height - 1, short_number(plan.y.low),
                           Style::faint);
    for (int row = 0; row < inner.height; ++row)
        canvas.put(label_end, inner.top + row, look.has_unicode ? 0x2502 : U'|', Style::faint);
    if (plan.is_filled && curves.size() == 1)
        draw_filled(canvas, inner, plan, curves.front(), look);
    else if (look.has_unicode && (look.has_colour || curves.size() == 1))
        draw_dots(canvas, inner, plan, curves);
    else
        draw_letters(canvas, inner, plan, curves);
}

std::string short_number(double value) {
    const double size = std::abs(value);
    if (size >= 999'500)
        return fmt::format("{:.3g}M", value / 1e6);
    if (size >= 9'999.5)
        return fmt::format("{:.3g}k", value / 1e3);
    if (size >= 99.95)
        return fmt::format("{:.0f}", value);
    if (size >= 9.995)
        return fmt::format("{:.1f}", value);
    if (size > 0 && size < 0.00095)
        return fmt::format("{:.0e}", value);
    if (size > 0 && size < 0.0995)
        return fmt::format("{:.2g}", value);
    return fmt::format("{:.2f}", value);
}

}  // namespace kiln::app
