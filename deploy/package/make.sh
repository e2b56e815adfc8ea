#!/bin/sh
# Makes the packages of static programs that are built:
#
#   make.sh DIRECTORY KILN...
#
# For each KILN, x86-64 or ARM64, a Debian package and a tar.gz with an installer for other
# distributions come into DIRECTORY, and SHA256SUMS over all. One of build/release-neoverse-n1 is an
# archive only: a Debian package says its architecture and not its processor. With the same
# programs, from the same commit, the bytes are the same: times are the commit's (or
# SOURCE_DATE_EPOCH), owners root, and order and compression fixed. VERSION is version.sh's unless
# given.
#
# dpkg-deb and not CPack: CPack takes its version when the build is configured, would place the
# files of /etc and /lib/systemd by rules of its own, and could not make both kinds of package.
#
# The manual pages come from the first KILN's help, run as $RUN says ("qemu-aarch64-static").
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m "$1")
shift

VERSION=${VERSION:-$("$here/version.sh")} || exit 1
if [ -e "$top/.git" ]; then
    of_commit=$(git -C "$top" log -1 --format=%ct) || exit 1
else
    of_commit=$(stat -c %Y "$top/CMakeLists.txt")
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$of_commit}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
date=$(date -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)

# What the program contains of others, by Debian's package: what it is built with. There is nothing
# else in the sysroot for ARM64. The tests' library is not in it, and mimalloc comes as source.
libraries="libc6-dev libstdc++-12-dev"
while read -r group package; do
    case $group,$package in
    library,libgtest-dev | library,libmimalloc-dev) ;;
    library,*) libraries="$libraries $package" ;;
    esac
done <"$top/toolchains/packages.txt"
for package in $libraries mimalloc; do
    grep -qx "Files: libraries/$package" "$here/copyright" ||
        { echo "make.sh: deploy/package/copyright lacks libraries/$package" >&2; exit 1; }
done

# The same for both architectures: manual pages, documents.
make_common() {
    common=$1
    mkdir -p "$common/man" "$common/doc/deploy/systemd"
    "$here/man_pages.py" "${RUN:-} $first" "$top/deploy/kiln.toml" "$VERSION" "$date" "$common/man"

    # laid out as in the source, so that the links in them hold
    cp "$top/README.md" "$top/FORMATS.md" "$common/doc/"
    cp "$top"/deploy/*.md "$common/doc/deploy/"
    cp "$top/deploy/systemd/metrics-port.conf" "$common/doc/deploy/systemd/"
    for folder in backup grafana prometheus; do
        cp -r "$top/deploy/$folder" "$common/doc/deploy/"
    done

    cp "$here/copyright" "$common/doc/"
}

# The documents, and what the libraries in a program for this architecture say of themselves. Those
# for ARM64 are the sysroot's, unless it is built on ARM64.
make_documents() {
    root=
    [ "$(dpkg --print-architecture)" = "$deb_architecture" ] || root=$top/build/arm64-sysroot
    cp -r "$work/common/doc" "$1"
    mkdir "$1/libraries"
    for package in $libraries; do
        of=$root/usr/share/doc/$package
        cp -L "$of/copyright" "$1/libraries/$package"
        zcat "$of/changelog.Debian.gz" | first_version
    done >"$work/versions"
    cp "$top/build/mimalloc/debian/copyright" "$1/libraries/mimalloc"
    first_version <"$top/build/mimalloc/debian/changelog" >>"$work/versions"
    sort -u "$work/versions" >"$1/libraries/versions"
}

# `source version` of the newest entry of a Debian changelog.
first_version() {
    sed -n '1s/^\([^ ]*\) (\([^)]*\)).*/\1 \2/p'
}

# The commits since the last tag, as Debian's changelog.
changelog() {
    echo "kiln ($VERSION) unstable; urgency=medium"
    echo
    if [ -e "$top/.git" ]; then
        tag=$(git -C "$top" describe --tags --abbrev=0 --match 'v[0-9]*' 'HEAD^' 2>/dev/null) ||
            tag=
        git -C "$top" log --no-merges --format='%s' "${tag:+$tag..}HEAD" |
            fold -s -w 74 | sed 's/^/  * /; s/ *$//' | head -n 100
    fi
    echo
    maintainer=$(sed -n 's/^Maintainer: //p' "$here/debian/control")
    echo " -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")"
}

make_deb() {
    tree=$work/deb-$deb_architecture
    mkdir -p "$tree/DEBIAN" "$tree/usr/share/doc" "$tree/usr/share/lintian/overrides"
    install -D -m 755 "$kiln" "$tree/usr/bin/kiln"
    install -D -m 644 "$top/deploy/systemd/kiln.service" "$tree/lib/systemd/system/kiln.service"
    install -D -m 644 "$top/deploy/kiln.toml" "$tree/etc/kiln/kiln.toml"
    install -D -m 644 "$here/debian/lintian-overrides" "$tree/usr/share/lintian/overrides/kiln"
    for page in kiln.1 kiln.toml.5; do
        install -D -m 644 "$work/common/man/$page" "$tree/usr/share/man/man${page##*.}/$page"
        gzip -9n "$tree/usr/share/man/man${page##*.}/$page"
    done
    make_documents "$tree/usr/share/doc/kiln"
    changelog | gzip -9n >"$tree/usr/share/doc/kiln/changelog.gz"

    # The C library's licence wants its source kept beside what contains it; Debian's name for that.
    built_using=$(sed -n 's/^\(glibc\) \(.*\)/\1 (= \2)/p' \
        "$tree/usr/share/doc/kiln/libraries/versions")
    sed -e "s/@VERSION@/$VERSION/; s/@ARCHITECTURE@/$deb_architecture/" \
        -e "s/@INSTALLED_SIZE@/$(du -sk --apparent-size "$tree" | cut -f 1)/" \
        -e "s/@BUILT_USING@/$built_using/" "$here/debian/control" >"$tree/DEBIAN/control"
    echo /etc/kiln/kiln.toml >"$tree/DEBIAN/conffiles"
    for script in preinst postinst prerm postrm; do
        install -m 755 "$here/debian/$script" "$tree/DEBIAN/"
    done
    sed -i "s/@NEEDS@/$needs/" "$tree/DEBIAN/preinst"
    (cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z |
        xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$tree" \
        "$out/kiln_${VERSION}_$deb_architecture.deb" >/dev/null
}

make_archive() {
    name=kiln-$VERSION-linux-$machine$suffix
    tree=$work/$name
    mkdir -p "$tree/bin" "$tree/licences"
    install -m 755 "$kiln" "$tree/bin/kiln"
    install -m 755 "$here/install.sh" "$tree/install.sh"
    install -m 644 "$top/deploy/systemd/kiln.service" "$top/deploy/kiln.toml" "$tree/"
    cp -r "$work/common/man" "$tree/"
    make_documents "$tree/doc"
    for licence in Apache-2.0 GPL-3 LGPL-2.1; do  # elsewhere they are not in a place known to all
        cp -L "/usr/share/common-licenses/$licence" "$tree/licences/"
    done
    printf 'version=%s\nmachine=%s\nneeds=%s\n' "$VERSION" "$machine" "$needs" >"$tree/release"
    tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --format=ustar -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
first=$(realpath "$1")
mkdir -p "$out"
make_common "$work/common"
for kiln in "$@"; do
    # What the file says it runs on: e_machine of its ELF header.
    case $(od -An -tu2 -j18 -N2 "$kiln" | tr -d ' ') in
    62) deb_architecture=amd64 machine=x86_64 needs="avx2 bmi2" ;;
    183) deb_architecture=arm64 machine=aarch64 needs=crc32 ;;
    *) echo "make.sh: $kiln is neither for x86-64 nor for ARM64" >&2; exit 1 ;;
    esac
    suffix=
    case $kiln in
    */release-neoverse-n1/kiln) suffix=-neoverse-n1 needs="crc32 atomics asimddp" ;;
    *) make_deb ;;
    esac
    make_archive
done
(cd "$out" && sha256sum ./*.deb ./*.tar.gz >SHA256SUMS)
