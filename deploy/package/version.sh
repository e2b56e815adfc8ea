#!/bin/sh
# Prints the version that packages of this source get. CMake's project version is the one source; a
# commit that is not tagged with it (v0.1.0) is told apart, so that packages sort as they were made:
#   0.1.0~174.g56a92fb  on the way to 0.1.0: 174 commits since the tag before, or in all
#   0.1.0               the tagged commit, or a source without git
#   0.1.0+3.g1b2c3d4    three commits after it
# `.dirty` at the end: with changes that are not committed.
set -eu
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^project(kiln VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
[ -n "$version" ] || { echo "version.sh: no project version in CMakeLists.txt" >&2; exit 1; }
if [ ! -e .git ]; then
    echo "$version"
    exit
fi
# A git that is missing, or that refuses another user's clone, would make a release of any commit.
commit=$(git rev-parse --short=7 HEAD) || exit 1

dirty=
[ -z "$(git status --porcelain --untracked-files=no)" ] || dirty=.dirty
tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null) || tag=
count=$(git rev-list --count "${tag:+$tag..}HEAD")
if [ "$tag" != "v$version" ]; then
    echo "$version~$count.g$commit$dirty"
elif [ "$count$dirty" != 0 ]; then
    echo "$version+$count.g$commit$dirty"
else
    echo "$version"
fi
