# What the toolchain files for 64-bit ARM share: Debian 12's cross compiler, with the libraries of
# toolchains/make-sysroot.sh. They set KILN_CPU, what to compile for, and emulated_cpu, which
# programs find under qemu, so that ctest works as it does natively.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(triple aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${triple}-gcc)
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

# Named, because qemu's default has SVE2, which it emulates slowly and these machines do not have.
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/run-arm64.sh ${emulated_cpu})
