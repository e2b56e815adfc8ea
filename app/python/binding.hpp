// What the parts of the extension module share.
//
// They translate and nothing else: arguments into what the library takes, results into Python's
// objects, Failures into exceptions. Everything here needs Python's lock, but for what it says.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include "app/failure.hpp"
#include "app/log_entry.hpp"
#include "app/settings.hpp"

namespace kiln::app {

void bind_evaluator(pybind11::module_& module);
void bind_training(pybind11::module_& module);
void bind_match(pybind11::module_& module);
void bind_router(pybind11::module_& module);
void bind_control(pybind11::module_& module);

// Sets the Python exception that a failure is: ValueError for what the caller got wrong, OSError
// and its kinds for files, kiln.CheckpointError for what is in them, MemoryError, RuntimeError.
void set_error(const Failure& failure);
// Of the module kiln._types: a class by name.
pybind11::object type_named(const char* name);

// Settings as the Python layer hands them over: name and value as they would be typed.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;
std::vector<Assignment> assignments_of(const NamedTexts& texts);

// "learning-rate" is learning_rate in Python.
std::string python_name(std::string_view name);
pybind11::object to_python(const Json& json);

// Runs `work` on a thread of its own, without Python's lock, until it returns; what it throws is
// thrown here. Ctrl-C raises `stop`, waits for the work to end and then raises KeyboardInterrupt.
void run_interruptibly(std::atomic<bool>& stop, const std::function<void()>& work);

}  // namespace kiln::app
