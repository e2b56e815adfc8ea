#!/bin/sh
# Fetches Debian's kernel for ARM64 and a static busybox into a folder, by default
# build/arm64-kernel, as `vmlinuz` and `busybox`: what it takes to boot one under an emulator
# (tests/kernel). Installs
# nothing. Does nothing when they are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/arm64-apt.sh"
folder=$(realpath -m "${1:-$here/../build/arm64-kernel}")
[ ! -e "$folder/vmlinuz" ] || exit 0

echo "Fetching an ARM64 kernel into $folder"
rm -rf "$folder" "$folder.part"
mkdir -p "$folder.part"
begin_apt "$folder.apt"
apt update
cd "$folder.part"
kernel=$(apt -s install linux-image-arm64 | sed -n 's/^Inst \(linux-image-6[^ ]*\).*/\1/p')
apt download "$kernel" busybox-static
# The kernel alone: its modules are 300 MB and not needed.
dpkg-deb --fsys-tarfile "$kernel"_*.deb | tar -x --wildcards -O './boot/vmlinuz-*' >vmlinuz
dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -x -O ./bin/busybox >busybox
rm -f ./*.deb
end_apt
mv "$folder.part" "$folder"
