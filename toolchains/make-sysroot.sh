#!/bin/sh
# Fetches the ARM64 twins of the libraries Kiln is built with (group `library` of packages.txt) and
# all they need into build/arm64-sysroot. Installs nothing. Does nothing, and needs no network, when
# the packages are there; with --newest only when Debian has no newer version of them either, such
# as one that mends what would be linked into a release.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/arm64-apt.sh"
sysroot=$(realpath -m "$here/../build/arm64-sysroot")

packages="libc6-dev libstdc++-12-dev"
while read -r group package; do
    [ "$group" = library ] && packages="$packages $package"
done <"$here/packages.txt"

made_of=$sysroot/made-of  # the packages in one line, then a line each of all that it took
if [ "${1:-}" != --newest ] && [ "$(head -n 1 "$made_of" 2>/dev/null)" = "$packages" ]; then
    exit 0
fi

begin_apt "$sysroot.apt"
# Without every source, an older version would look like the newest.
apt update -o APT::Update::Error-Mode=any
# shellcheck disable=SC2086  # a list of words
versions=$(apt -s install $packages | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1 \2/p' | sort)
[ -n "$versions" ] || { echo "make-sysroot.sh: apt names no versions of: $packages" >&2; exit 1; }
made_now=$(printf '%s\n%s' "$packages" "$versions")
if [ "$(cat "$made_of" 2>/dev/null)" = "$made_now" ]; then
    end_apt
    exit 0
fi

rm -rf "$sysroot"
mkdir -p "$sysroot"
echo "Making $sysroot"
# shellcheck disable=SC2086
apt -y --download-only install $packages
for archive in "$apt_work"/cache/archives/*.deb; do
    dpkg-deb -x "$archive" "$sysroot"
done
end_apt

# Absolute links point into this machine: point them into the sysroot.
find "$sysroot" -type l | while read -r link; do
    target=$(readlink "$link")
    case $target in
    /*) ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$sysroot$target")" "$link" ;;
    esac
done

echo "$made_now" >"$made_of"
