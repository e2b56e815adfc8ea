# Cross-compiles for 64-bit ARM on Debian 12, with the libraries of toolchains/make-sysroot.sh.
# Programs run under qemu, so that ctest works as it does natively.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(triple aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER ${triple}-g++)
# gcc's own ar and ranlib: plain ones lose what link-time optimisation needs.
set(CMAKE_AR ${triple}-gcc-ar)
set(CMAKE_RANLIB ${triple}-gcc-ranlib)
set(CMAKE_LIBRARY_ARCHITECTURE ${triple})

set(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# The processor is named because qemu's default has SVE2, which it emulates slowly and the machines
# that Kiln is meant for do not have.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -cpu neoverse-n1 -L ${CMAKE_SYSROOT})
