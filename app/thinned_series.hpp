// ThinnedSeries: a series of any length in bounded memory, as fine everywhere as anywhere.
//
// Each point stands for up to `stride` samples, a power of two. When there are too many points the
// stride doubles, and neighbours become one as far as it allows. What is added may stand for
// several samples itself, because it was thinned before: then the series is at once as coarse. A
// Point has
//
//     std::uint64_t games;         // at its newest sample: rising
//     std::uint64_t samples = 1;   // it stands for, at most samples_max
//     void absorb(const Point&);   // takes in a later one; `games` and `samples` are seen to
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kiln::app {

// Of one that is added: so that sums do not overflow.
constexpr std::uint64_t samples_max = 1'000'000'000'000;

template <typename Point>
class ThinnedSeries {
  public:
    explicit ThinnedSeries(std::size_t points_max) : points_max_(points_max) {}

    void add(Point sample) {
        while (stride_ < sample.samples)
            thin();
        append(points_, std::move(sample));
        while (points_.size() > points_max_)
            thin();
    }

    // Half as fine.
    void thin() {
        stride_ *= 2;
        std::vector<Point> thinned;
        for (Point& point : points_)
            append(thinned, std::move(point));
        points_ = std::move(thinned);
    }

    // What was beyond that game did not happen. The point in which it lies goes as a whole.
    void go_back_to(std::uint64_t games) {
        while (!points_.empty() && points_.back().games > games)
            points_.pop_back();
    }

    const std::vector<Point>& points() const { return points_; }
    std::uint64_t stride() const { return stride_; }

  private:
    void append(std::vector<Point>& points, Point sample) const {
        if (points.empty() || points.back().samples + sample.samples > stride_) {
            points.push_back(std::move(sample));
            return;
        }
        Point& point = points.back();
        const std::uint64_t games = sample.games;
        const std::uint64_t samples = point.samples + sample.samples;
        point.absorb(std::move(sample));
        point.games = games;
        point.samples = samples;
    }

    std::size_t points_max_;
    std::uint64_t stride_ = 1;
    std::vector<Point> points_;
};

}  // namespace kiln::app
