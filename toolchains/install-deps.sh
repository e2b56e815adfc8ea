#!/bin/sh
# Installs the Debian packages of the groups named (toolchains/packages.txt) that are missing. When
# none is, it neither calls apt nor needs to be root.
#   toolchains/install-deps.sh build library
set -eu
here=$(dirname "$0")

missing=
for group in "$@"; do
    while read -r of package; do
        [ "$of" = "$group" ] || continue
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || missing="$missing $package"
    done <"$here/packages.txt"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "Some packages are missing and this user may not install them. As root, run:" >&2
    echo "    apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing:$missing"
apt() {
    # Waits for another apt to finish rather than fail, and asks no questions.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}
apt update || true  # one source that does not answer need not be one that is needed
# shellcheck disable=SC2086  # a list of words
apt install -y --no-install-recommends $missing
