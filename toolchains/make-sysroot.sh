#!/bin/sh
# Fetches the ARM64 twins of the libraries Kiln is built with (group `library` of packages.txt) and
# all they need into a folder, by default build/arm64-sysroot. Changes nothing on this machine: apt
# works on state of its own, and nothing is installed. Does nothing when the folder is up to date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sysroot=$(realpath -m "${1:-$here/../build/arm64-sysroot}")

packages="libc6-dev libstdc++-12-dev"
while read -r group package; do
    [ "$group" = library ] && packages="$packages $package"
done <"$here/packages.txt"

made_of=$sysroot/made-of
[ "$(cat "$made_of" 2>/dev/null)" != "$packages" ] || exit 0

work=$sysroot.apt
rm -rf "$sysroot" "$work"
mkdir -p "$sysroot" "$work/state/lists/partial" "$work/cache/archives/partial"
: >"$work/status"  # nothing is installed: apt takes every dependency along
apt() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o APT::Install-Recommends=0 -o APT::Sandbox::User=root \
        -o Dir::State="$work/state" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work/cache" "$@"
}
echo "Making $sysroot"
apt update
# shellcheck disable=SC2086  # a list of words
apt -y --download-only install $packages
for archive in "$work"/cache/archives/*.deb; do
    dpkg-deb -x "$archive" "$sysroot"
done

# Absolute links point into this machine: point them into the sysroot.
find "$sysroot" -type l | while read -r link; do
    target=$(readlink "$link")
    case $target in
    /*) ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$sysroot$target")" "$link" ;;
    esac
done

rm -rf "$work"
echo "$packages" >"$made_of"
