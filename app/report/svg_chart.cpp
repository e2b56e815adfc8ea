#include "app/report/svg_chart.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr double width = 560;
constexpr double height = 250;
constexpr double left = 58;
constexpr double right = 14;
constexpr double top = 12;
constexpr double bottom = 40;
constexpr std::size_t styles = 5;       // of lines, in the page's style sheet
constexpr double least_span = 1e-6;     // of y; all values are the same else
constexpr double smallest_step = 1e-5;  // of ticks that are written without an exponent
constexpr std::size_t dots_up_to = 40;  // points that are drawn one by one

struct Scale {
    double low = 0;
    double high = 1;
    double from = 0;  // where low is drawn
    double to = 1;

    double operator()(double value) const {
        return from + (value - low) / (high - low) * (to - from);
    }
};

bool is_drawable(const ChartPoint& point) {
    return std::isfinite(point.x) && std::isfinite(point.y);
}

bool has_interval(const ChartPoint& point) {
    return point.low && point.high && std::isfinite(*point.low) && std::isfinite(*point.high);
}

struct Extent {
    double low = INFINITY;
    double high = -INFINITY;

    void take(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    bool is_empty() const { return low > high; }
};

std::string tick_text(double value, double step) {
    const double size = std::abs(value);
    if (size >= 1e6)
        return fmt::format("{:g}M", value / 1e6);
    if (size >= 1e4)
        return fmt::format("{:g}k", value / 1e3);
    if (size > 0 && step < smallest_step)
        return fmt::format("{:.2g}", value);
    const int decimals = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
    return fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals);
}

void add_y_axis(std::string& svg, const std::vector<double>& ticks, const Scale& y,
                const std::string& unit) {
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
    for (const double tick : ticks) {
        svg += fmt::format(
            "<line class=\"grid{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" "
            "y2=\"{:.1f}\"/>",
            tick == 0 ? " zero" : "", left, width - right, y(tick), y(tick));
        svg += fmt::format(
            "<text class=\"tick\" text-anchor=\"end\" x=\"{:.1f}\" "
            "y=\"{:.1f}\">{}</text>",
            left - 6, y(tick) + 4, tick_text(tick, step));
    }
    svg += fmt::format(
        "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(13 {:.1f}) "
        "rotate(-90)\">{}</text>",
        (top + height - bottom) / 2, escape_html(unit));
}

void add_x_axis(std::string& svg, const std::vector<double>& ticks, const Scale& x,
                const std::string& unit) {
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
    for (const double tick : ticks) {
        svg += fmt::format(
            "<line class=\"stub\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" "
            "y2=\"{2:.1f}\"/>",
            x(tick), height - bottom, height - bottom + 4);
        svg += fmt::format(
            "<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1f}\" "
            "y=\"{:.1f}\">{}</text>",
            x(tick), height - bottom + 17, tick_text(tick, step));
    }
    svg += fmt::format(
        "<text class=\"axis\" text-anchor=\"middle\" x=\"{:.1f}\" "
        "y=\"{:.1f}\">{}s</text>",
        (left + width - right) / 2, height - 6, escape_html(unit));
}

void add_line(std::string& svg, const ChartLine& line, std::size_t number, const Scale& x,
              const Scale& y) {
    std::string upper;
    std::string lower;
    std::string path;
    std::string dots;
    for (const ChartPoint& point : line.points) {
        if (!is_drawable(point))
            continue;
        path += fmt::format("{:.1f},{:.1f} ", x(point.x), y(point.y));
        dots += fmt::format("<circle class=\"s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\"/>", number,
                            x(point.x), y(point.y));
        if (!has_interval(point))
            continue;
        upper += fmt::format("{:.1f},{:.1f} ", x(point.x), y(*point.high));
        lower.insert(0, fmt::format("{:.1f},{:.1f} ", x(point.x), y(*point.low)));
    }
    if (!upper.empty())
        svg += fmt::format("<polygon class=\"s{} band\" points=\"{}{}\"/>", number, upper, lower);
    svg += fmt::format("<polyline class=\"s{} line\" points=\"{}\"/>", number, path);
    if (line.points.size() <= dots_up_to)
        svg += dots;
}

// What the chart shows, for those who do not see it.
std::string description_of(const SvgChart& chart) {
    std::string text;
    for (const ChartLine& line : chart.lines) {
        const auto first = std::find_if(line.points.begin(), line.points.end(), is_drawable);
        if (first == line.points.end())
            continue;
        const auto last = std::find_if(line.points.rbegin(), line.points.rend(), is_drawable);
        text += fmt::format("{0}: from {2:.4g} at {1} {3:.0f} to {4:.4g} at {1} {5:.0f}. ",
                            line.name, chart.x_unit, first->y, first->x, last->y, last->x);
    }
    return text;
}

std::string legend_of(const SvgChart& chart) {
    std::string legend = "<ul class=\"legend\">";
    for (std::size_t i = 0; i < chart.lines.size(); ++i)
        legend += fmt::format(
            "<li><svg width=\"30\" height=\"10\" aria-hidden=\"true\"><line "
            "class=\"s{} line\" x1=\"1\" x2=\"29\" y1=\"5\" y2=\"5\"/></svg>{}</li>",
            i % styles + 1, escape_html(chart.lines[i].name));
    return legend + "</ul>";
}

}  // namespace

std::string to_svg(const SvgChart& chart) {
    Extent across;
    Extent up;
    bool has_bands = false;
    for (const ChartLine& line : chart.lines)
        for (const ChartPoint& point : line.points) {
            if (!is_drawable(point))
                continue;
            across.take(point.x);
            up.take(point.y);
            if (!has_interval(point))
                continue;
            has_bands = true;
            up.take(*point.low);
            up.take(*point.high);
        }
    std::string html = fmt::format("<figure><figcaption>{}</figcaption>", escape_html(chart.title));
    if (up.is_empty())
        return html + "<p class=\"note\">Nothing measured yet.</p></figure>\n";
    if (chart.lines.size() > 1)
        html += legend_of(chart);
    const double y_low = chart.y_low.value_or(up.low);
    double y_high = std::max(chart.y_high.value_or(up.high), y_low);
    if (y_high - y_low < least_span)
        y_high = y_low + 1;
    std::vector<double> ticks = round_ticks(y_low, y_high, 5);
    // The data reach no further than the outermost ticks.
    const Scale y = {std::min(ticks.front(), y_low), std::max(ticks.back(), y_high),
                     height - bottom, top};
    const double x_low = across.high > across.low ? across.low : 0;
    const Scale x = {x_low, std::max(across.high, x_low + 1), left, width - right};
    std::string svg = fmt::format(
        "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-labelledby=\"{}-t {}-d\">"
        "<title id=\"{}-t\">{}</title><desc id=\"{}-d\">{}</desc>",
        width, height, chart.id, chart.id, chart.id, escape_html(chart.title), chart.id,
        escape_html(description_of(chart)));
    add_y_axis(svg, ticks, y, chart.unit);
    std::vector<double> along = round_ticks(x.low, x.high, 6);
    std::erase_if(along, [&](double tick) { return tick < x.low || tick > x.high; });
    add_x_axis(svg, along, x, chart.x_unit);
    for (const double mark : chart.marks)
        if (mark >= x.low && mark <= x.high)
            svg += fmt::format(
                "<line class=\"mark\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" "
                "y2=\"{2:.1f}\"/>",
                x(mark), top, height - bottom);
    for (std::size_t i = 0; i < chart.lines.size(); ++i)
        add_line(svg, chart.lines[i], i % styles + 1, x, y);
    html += svg + "</svg>";
    if (has_bands)
        html += "<p class=\"note\">Bands are 95 % intervals.</p>";
    return html + "</figure>\n";
}

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : on_one_line(std::string(text))) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::vector<double> round_ticks(double low, double high, int count) {
    const double rough = std::max(high - low, 1e-9) / count;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double part = rough / power;
    const double step = power * (part > 5 ? 10 : part > 2 ? 5 : part > 1 ? 2 : 1);
    std::vector<double> ticks;
    constexpr int ticks_max = 20;
    const double first = std::floor(low / step + 1e-9);
    const double last = std::ceil(high / step - 1e-9);
    for (double at = first; at <= last && ticks.size() < ticks_max; ++at)
        ticks.push_back(at * step);
    return ticks;
}

}  // namespace kiln::app
