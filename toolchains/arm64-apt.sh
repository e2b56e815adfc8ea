# shellcheck shell=sh
# To be sourced by scripts that fetch ARM64 packages: apt for another architecture, on state of its
# own, so that nothing changes on this machine and nothing is installed.
#
# begin_apt FOLDER: that state goes there. apt ...: apt-get. end_apt: the folder goes.
begin_apt() {
    apt_work=$1
    rm -rf "$apt_work"
    mkdir -p "$apt_work/state/lists/partial" "$apt_work/cache/archives/partial"
    : >"$apt_work/status"  # nothing is installed: apt takes every dependency along
}

apt() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o APT::Install-Recommends=0 -o APT::Sandbox::User=root \
        -o Dir::State="$apt_work/state" -o Dir::State::status="$apt_work/status" \
        -o Dir::Cache="$apt_work/cache" "$@"
}

end_apt() {
    rm -rf "$apt_work"
}
