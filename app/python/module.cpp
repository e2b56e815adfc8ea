// kiln._kiln: the library that the command uses, for Python. The classes that people use, with
// their documentation, are in the package around it.
#include <exception>

#include "app/python/binding.hpp"
#include "platform/linux/check_report.hpp"

PYBIND11_MODULE(_kiln, module) {
    kiln::platform::install_check_report();
    pybind11::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown)
                std::rethrow_exception(thrown);
        } catch (const kiln::app::Failure& failure) {
            kiln::app::set_error(failure);
        }
    });
    module.attr("__version__") = KILN_VERSION;
    kiln::app::bind_evaluator(module);
    kiln::app::bind_training(module);
    kiln::app::bind_match(module);
    kiln::app::bind_router(module);
    kiln::app::bind_control(module);
}
