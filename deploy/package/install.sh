#!/bin/sh
# Installs Kiln as a service of systemd from this unpacked archive, upgrades it, or removes it. For
# systems without Debian's packages; on Debian and Ubuntu take the .deb.
set -eu
umask 022

usage() {
    cat <<'END'
Usage: install.sh [--prefix DIR] [--dry-run]
       install.sh --uninstall [--purge] [--prefix DIR] [--dry-run]

  --prefix DIR  where program, manual pages and documents go
                [where it is installed; else /usr/local]
  --dry-run     say what would be done, and change nothing
  --uninstall   stop the service, which saves, and remove what was installed;
                configuration, checkpoints and logs stay
  --purge       with --uninstall: remove these too

Installs or upgrades. The service is enabled, and does not start before the configuration sets
games; one that is running is started again, which saves before. A configuration that was edited is
never overwritten: the new one comes beside it as /etc/kiln/kiln.toml.new.
END
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

configuration=/etc/kiln/kiln.toml
unit=/etc/systemd/system/kiln.service

# An upgrade goes where the unit says that the program is, and so does its removal.
prefix=
[ ! -e "$unit" ] || prefix=$(sed -n 's|^ExecStart=\(/.*\)/bin/kiln train .*|\1|p' "$unit")
prefix=${prefix:-/usr/local}
dry_run=
action=install
purge=
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) [ $# -ge 2 ] || fail "--prefix needs a directory"; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --dry-run) dry_run=yes ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "install.sh: unknown argument '$1'" >&2; usage >&2; exit 2 ;;
    esac
    shift
done
case $prefix in
*[!A-Za-z0-9/._+-]* | *..*)
    fail "the prefix '$prefix' has characters that a unit file may not have"
    ;;
/*) prefix=${prefix%/} ;;
*) fail "the prefix '$prefix' does not begin with /" ;;
esac
[ -z "$purge" ] || [ "$action" = uninstall ] || fail "--purge needs --uninstall"

here=$(cd "$(dirname "$0")" && pwd)
own=$prefix/share/kiln  # this script, and the configuration as it was shipped
state="/var/lib/private/kiln /var/lib/kiln /var/log/private/kiln /var/log/kiln"

# Does it, or says what it would do.
run() {
    if [ -n "$dry_run" ]; then
        echo "would run: $*"
    else
        "$@"
    fi
}

# put MODE SOURCE TARGET: under another name first, so that a program that runs is left alone and no
# file is ever there by half.
put() {
    run mkdir -p "$(dirname "$3")"
    if ! run install -m "$1" "$2" "$3.part" || ! run mv -f "$3.part" "$3"; then
        rm -f "$3.part"
        fail "$3 cannot be written; what was there before is as it was"
    fi
    [ -n "$dry_run" ] || echo "installed $3"
}

is_root() {
    [ "$(id -u)" -eq 0 ] || [ -n "$dry_run" ] || fail "only root may do that; try: sudo $0"
}

systemd_runs() {
    [ -d /run/systemd/system ]
}

has_debian_package() {
    [ -e /lib/systemd/system/kiln.service ] && [ -e /var/lib/dpkg/info/kiln.list ]
}

check_system() {
    [ -r "$here/release" ] || fail "'$here' is not an unpacked archive of Kiln: no file 'release'"
    machine=$(sed -n 's/^machine=//p' "$here/release")
    version=$(sed -n 's/^version=//p' "$here/release")
    [ "$(uname -s)" = Linux ] || fail "Kiln is for Linux, this is $(uname -s)"
    [ "$(uname -m)" = "$machine" ] ||
        fail "this archive is for $machine, this machine is $(uname -m): take the other archive"
    needs=$(sed -n 's/^needs=//p' "$here/release")
    for feature in $needs; do
        [ ! -r /proc/cpuinfo ] || grep -qw "$feature" /proc/cpuinfo ||
            fail "this archive's program does not run on this processor: it lacks $feature" \
                "(/proc/cpuinfo)"
    done
    "$here/bin/kiln" --version >/dev/null 2>&1 ||
        fail "$here/bin/kiln does not run; the folder must not be mounted noexec"
    command -v systemctl >/dev/null ||
        fail "no systemctl: without systemd, run $here/bin/kiln train yourself (doc/README.md)"
    systemd_version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    if [ "${systemd_version:-0}" -lt 252 ]; then
        echo "install.sh: systemd ${systemd_version:-of unknown version} is older than 252: it" \
            "leaves out protections of the unit that it does not know" >&2
    fi
    ! has_debian_package ||
        fail "the Debian package of Kiln is installed: upgrade that, or remove it first"
}

install_configuration() {
    shipped=$here/kiln.toml
    if [ ! -e "$configuration" ]; then
        if [ -e "$own/kiln.toml" ]; then
            echo "$configuration was removed: it is left so (a copy: $own/kiln.toml)"
        else
            put 644 "$shipped" "$configuration"
        fi
    elif cmp -s "$configuration" "$shipped"; then
        :
    elif cmp -s "$configuration" "$own/kiln.toml"; then
        put 644 "$shipped" "$configuration"  # it was as shipped before
    elif cmp -s "$own/kiln.toml" "$shipped"; then
        echo "kept $configuration"  # edited, and nothing new to tell
    else
        put 644 "$shipped" "$configuration.new"
        echo "kept $configuration, which was edited; the new one is beside it as kiln.toml.new"
    fi
    put 644 "$shipped" "$own/kiln.toml"
}

install_unit() {
    if [ -n "$dry_run" ]; then
        echo "would write $unit, with $prefix/bin/kiln"
        return
    fi
    sed "s|/usr/bin/kiln|$prefix/bin/kiln|g" "$here/kiln.service" >"$unit.part"
    chmod 644 "$unit.part"
    mv -f "$unit.part" "$unit"
    echo "installed $unit"
}

install_kiln() {
    check_system
    is_root
    first=
    [ -e "$own/install.sh" ] || first=yes
    put 755 "$here/bin/kiln" "$prefix/bin/kiln"
    # Where SELinux is: what lies there may run as a service.
    ! command -v restorecon >/dev/null || run restorecon "$prefix/bin/kiln" || true
    put 644 "$here/man/kiln.1" "$prefix/share/man/man1/kiln.1"
    put 644 "$here/man/kiln.toml.5" "$prefix/share/man/man5/kiln.toml.5"
    run rm -rf "$prefix/share/doc/kiln"
    run mkdir -p "$prefix/share/doc"
    run cp -r "$here/doc" "$prefix/share/doc/kiln"
    run cp -r "$here/licences" "$prefix/share/doc/kiln/"
    install_configuration
    install_unit
    if systemd_runs; then
        run systemctl daemon-reload
    fi
    if [ -n "$first" ]; then
        run systemctl enable --quiet kiln.service
    fi
    # Last, because it stands for all of the above: until then it is a first installation.
    put 755 "$here/install.sh" "$own/install.sh"
    if systemd_runs; then
        run systemctl try-restart kiln.service ||
            echo "install.sh: kiln did not start again; see: journalctl -u kiln" >&2
    fi
    [ -z "$dry_run" ] || return 0
    echo
    echo "Kiln $version is installed. To remove it: $own/install.sh --uninstall"
    if ! systemd_runs; then
        echo "systemd is not running here: the service starts when it does."
    elif ! systemctl --quiet is-active kiln.service; then
        echo "It is not started. Set games in $configuration, then:"
        echo "    systemctl start kiln"
    fi
}

uninstall_kiln() {
    is_root
    if [ -n "$purge" ] && has_debian_package; then
        fail "the Debian package of Kiln is installed: configuration, checkpoints and logs are its"
    fi
    # What stayed after a removal may still be purged.
    [ -d "$own" ] || { [ -n "$purge" ] && [ ! -e "$unit" ]; } ||
        fail "Kiln is not installed under $prefix"
    enabled=
    if [ -e "$unit" ]; then
        ! systemctl --quiet is-enabled kiln.service || enabled=yes
        if systemd_runs; then
            run systemctl stop kiln.service
        fi
        run systemctl disable --quiet kiln.service
    fi
    run rm -f "$unit" "$prefix/bin/kiln" "$prefix/share/man/man1/kiln.1" \
        "$prefix/share/man/man5/kiln.toml.5"
    run rm -rf "$prefix/share/doc/kiln" "$own"
    if systemd_runs; then
        run systemctl daemon-reload
    fi
    if [ -n "$enabled" ] && has_debian_package; then  # its service was behind this one
        run systemctl enable --quiet kiln.service
        [ -n "$dry_run" ] || echo "The Debian package's service takes over: systemctl start kiln"
    fi
    if [ -n "$purge" ]; then
        run rm -f "$configuration" "$configuration.new"
        [ ! -d /etc/kiln ] || run rmdir --ignore-fail-on-non-empty /etc/kiln
        # shellcheck disable=SC2086  # a list of paths without spaces
        run rm -rf $state
    elif [ -z "$dry_run" ]; then
        echo "Kiln is removed. What stays: $configuration, and checkpoints and logs in"
        echo "/var/lib/kiln and /var/log/kiln. --uninstall --purge removes these too."
    fi
}

if [ "$action" = install ]; then
    install_kiln
else
    uninstall_kiln
fi
