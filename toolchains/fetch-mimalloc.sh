#!/bin/sh
# Fetches the source of Debian's mimalloc into build/mimalloc, for programs without shared
# libraries: Debian has mimalloc as such only. The source comes from where packages come from and is
# verified by that archive's signature. Changes nothing on this machine: apt works on state of its
# own. Does nothing, and needs no network, when the folder is there; with --newest only when Debian
# has no newer version either.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(realpath -m "$here/../build/mimalloc")
[ "${1:-}" = --newest ] || [ ! -e "$source/src/static.c" ] || exit 0

work=$source.apt
rm -rf "$work"
mkdir -p "$work/sources" "$work/state/lists/partial" "$work/cache/archives/partial"
: >"$work/status"
# The archives that packages come from, in either notation, asked for sources.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    case $file in
    *.list) edit='s/^deb /deb-src /p' ;;
    *.sources) edit='s/^Types:.*/Types: deb-src/; p' ;;
    *) continue ;;
    esac
    [ ! -e "$file" ] || sed -n "$edit" "$file" >"$work/sources/${file##*/}"
done
apt() {
    apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
        -o Dir::State="$work/state" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}
apt update || true  # a third party may have no sources
# Its description, mimalloc_VERSION.dsc: the epoch of a version is not in the name.
newest=$(apt source --only-source --print-uris mimalloc |
    grep -o 'mimalloc_[^ /]*\.dsc' | tail -n 1)
[ -n "$newest" ] || { echo "fetch-mimalloc.sh: apt knows no source of mimalloc" >&2; exit 1; }
here_is=$(sed -n '1s/.*(\([0-9]*:\)\{0,1\}\(.*\)).*/mimalloc_\2.dsc/p' \
    "$source/debian/changelog" 2>/dev/null) || here_is=
if [ "$here_is" = "$newest" ]; then
    rm -rf "$work"
    exit 0
fi
echo "Fetching $source"
rm -rf "$source"
cd "$work"
apt source --only-source --download-only mimalloc
# apt has checked it against the archive's signature; the packager's key need not be known here.
dpkg-source --no-check -x mimalloc_*.dsc source >/dev/null
mv source "$source"
rm -rf "$work"
