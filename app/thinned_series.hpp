// ThinnedSeries: a series of any length in bounded memory, as fine everywhere as anywhere.
//
// Each point stands for the same number of samples, the newest perhaps for fewer. When there are
// too many points, neighbours become one and the number doubles. A Point has
//
//     std::uint64_t games;         // at its newest sample: rising
//     std::uint64_t samples = 1;   // it stands for
//     void absorb(const Point&);   // takes in a later one; `games` and `samples` are seen to
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kiln::app {

template <typename Point>
class ThinnedSeries {
  public:
    // points_max: even.
    explicit ThinnedSeries(std::size_t points_max) : points_max_(points_max) {}

    void add(const Point& sample) {
        if (points_.size() == points_max_ && points_.back().samples >= stride_)
            halve();
        if (!points_.empty() && points_.back().samples + sample.samples <= stride_)
            merge(points_.back(), sample);
        else
            points_.push_back(sample);
    }

    // What was beyond that game did not happen. The point in which it lies goes as a whole.
    void go_back_to(std::uint64_t games) {
        while (!points_.empty() && points_.back().games > games)
            points_.pop_back();
    }

    const std::vector<Point>& points() const { return points_; }
    std::uint64_t stride() const { return stride_; }

  private:
    static void merge(Point& point, const Point& later) {
        const std::uint64_t samples = point.samples + later.samples;
        point.absorb(later);
        point.games = later.games;
        point.samples = samples;
    }

    void halve() {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < points_.size(); at += 2) {
            Point point = points_[at];
            if (at + 1 < points_.size())
                merge(point, points_[at + 1]);
            points_[kept++] = point;
        }
        points_.resize(kept);
        stride_ *= 2;
    }

    std::size_t points_max_;
    std::uint64_t stride_ = 1;
    std::vector<Point> points_;
};

}  // namespace kiln::app
