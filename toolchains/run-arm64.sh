#!/bin/sh
# Runs a command that is or starts ARM64 programs, on a machine that is not, as on the processor
# named in qemu's words:
#   toolchains/run-arm64.sh cortex-a72 build/release-arm64/kiln perft 6
#   KILN=build/arm64/kiln toolchains/run-arm64.sh neoverse-n1 python3 tests/system/train_test.py
#
# A plain `qemu-aarch64-static kiln` would not do: kiln train starts itself anew, and then it is the
# kernel that has to know how. Debian's qemu-user-static tells it when the machine starts. Where it
# did not happen (containers), the command gets a user and mount namespace with a registration of
# its own, for which the kernel must be 6.7 or newer; the machine stays as it was.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
registered=/proc/sys/fs/binfmt_misc
export QEMU_CPU="$1" QEMU_LD_PREFIX="$here/../build/arm64-sysroot"
shift

[ ! -e $registered/qemu-aarch64 ] || exec "$@"
own=--map-root-user
if [ "$(id -u)" -eq 0 ]; then
    # Root can have all users in there, which tests become. The map can only be written from here,
    # once the namespace is there: before, this process has one that cannot be replaced. Until then
    # the shell in there is nobody, who must not become that for good (-p).
    own=--keep-caps
    (
        until echo 0 0 65536 >/proc/$$/uid_map || [ ! -e /proc/$$ ]; do sleep 0.01; done
        echo 0 0 65536 >/proc/$$/gid_map
    ) 2>/dev/null &
fi
# shellcheck disable=SC2016  # expanded in there
exec unshare --user --mount $own sh -p -c '
    until [ "$(id -u)" = 0 ] && [ "$(id -g)" = 0 ]; do sleep 0.01; done
    mount -t binfmt_misc none "$0" && cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$0/register" || {
        echo "cannot run ARM64 programs: systemctl restart systemd-binfmt registers qemu" >&2
        exit 1
    }
    exec "$@"' $registered "$@"
