# Which Python the module is built for: KILN_PYTHON says whether it is built at all.
#
# Debian's own interpreter, with Debian's NumPy and pybind11, unless KILN_PYTHON_EXECUTABLE
# names another: the first python3 on a PATH may be one that sees neither. An interpreter is tried
# before CMake's find modules are asked, because with the wrong one they stop the configuration.
# A build of a wheel (SKBUILD) has its interpreter named and brings its own pybind11.
set(KILN_PYTHON_EXECUTABLE /usr/bin/python3 CACHE FILEPATH "Python that the module is built for")
set(default OFF)
if(BUILD_TESTING AND NOT CMAKE_CROSSCOMPILING AND NOT KILN_SANITIZE)
  execute_process(
    COMMAND ${KILN_PYTHON_EXECUTABLE} -c "import os, sysconfig, numpy
assert os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h'))"
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(NOT failed)
    set(default ON)
  endif()
endif()
option(KILN_PYTHON "Build the Python module" ${default})
if(NOT KILN_PYTHON)
  return()
endif()

if(NOT SKBUILD)
  set(Python_EXECUTABLE ${KILN_PYTHON_EXECUTABLE})
endif()
find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 2.10 CONFIG REQUIRED)
# The library is compiled once, for the program and for the module. What is shipped is built
# without the module, and without this.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
