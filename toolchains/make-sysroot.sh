#!/bin/sh
# Fetches the ARM64 twins of the libraries Kiln is built with (group `library` of packages.txt) and
# all they need into a folder, by default build/arm64-sysroot. Installs nothing. Does nothing when
# the folder is up to date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/arm64-apt.sh"
sysroot=$(realpath -m "${1:-$here/../build/arm64-sysroot}")

packages="libc6-dev libstdc++-12-dev"
while read -r group package; do
    [ "$group" = library ] && packages="$packages $package"
done <"$here/packages.txt"

made_of=$sysroot/made-of
[ "$(cat "$made_of" 2>/dev/null)" != "$packages" ] || exit 0

rm -rf "$sysroot"
mkdir -p "$sysroot"
echo "Making $sysroot"
begin_apt "$sysroot.apt"
# shellcheck disable=SC2086  # a list of words
unpack_packages "$sysroot" $packages
end_apt

# Absolute links point into this machine: point them into the sysroot.
find "$sysroot" -type l | while read -r link; do
    target=$(readlink "$link")
    case $target in
    /*) ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$sysroot$target")" "$link" ;;
    esac
done

echo "$packages" >"$made_of"
