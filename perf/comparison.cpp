#include "perf/comparison.hpp"

#include <algorithm>

namespace kiln::perf {
namespace {

// Whether every sample of `left` is worse than every one of `right`.
bool lies_below(const Figure& left, const Figure& right, Better better) {
    return better == Better::higher ? left.highest() < right.lowest()
                                    : left.lowest() > right.highest();
}

// Whether a median is worse than another by more than a share of that other.
bool is_worse(double value, double than, Better better, double threshold) {
    return better == Better::higher ? value < than * (1 - threshold)
                                    : value > than * (1 + threshold);
}

Change change_of(const Figure& before, const Figure& now, double threshold) {
    const Better better = now.goal.better;
    if (lies_below(now, before, better) &&
        is_worse(now.median(), before.median(), better, threshold))
        return Change::regressed;
    if (lies_below(before, now, better) &&
        is_worse(before.median(), now.median(), better, threshold))
        return Change::improved;
    return Change::same;
}

const Figure* find(const std::vector<Figure>& figures, const std::string& name) {
    const auto at = std::find_if(figures.begin(), figures.end(),
                                 [&](const Figure& figure) { return figure.name == name; });
    return at == figures.end() ? nullptr : &*at;
}

}  // namespace

std::vector<ComparedFigure> compare(const std::vector<Figure>& baseline,
                                    const std::vector<Figure>& measured, const std::string& filter,
                                    double threshold) {
    std::vector<ComparedFigure> compared;
    for (const Figure& now : measured) {
        ComparedFigure row = {now.name, now.unit, Change::appeared, 0, now.median(), {}};
        // A figure in another unit is another figure.
        if (const Figure* before = find(baseline, now.name);
            before != nullptr && before->unit == now.unit) {
            row.change = change_of(*before, now, threshold);
            row.before = before->median();
            if (row.before != 0)
                row.ratio = row.now / row.before;
        }
        compared.push_back(row);
    }
    for (const Figure& before : baseline)
        if (before.name.find(filter) != std::string::npos && find(measured, before.name) == nullptr)
            compared.push_back({before.name, before.unit, Change::missing, before.median(), 0, {}});
    return compared;
}

}  // namespace kiln::perf
