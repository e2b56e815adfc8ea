// Generated tasks: what a router can only do if it remembers.
//
// adding (Hochreiter and Schmidhuber 1997, section 5.4): chance has a squared error of 1/6. latch
// (Bengio, Simard and Frasconi 1994, section 3): chance is 50 %. parity: chance is 50 %, and beyond
// some eight bits nothing that is trained by gradients gets away from it; a negative control.
#pragma once

#include "app/router/dataset.hpp"

namespace kiln::app {

// CHECK: the source is a task. Throws usage for a number of samples or steps it cannot have.
Dataset generate(const DataSource& source);

}  // namespace kiln::app
