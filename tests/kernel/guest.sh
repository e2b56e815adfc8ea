#!/bin/busybox sh
# The first and only process of the machine that kernel_test.py boots: does what can be done on a
# kernel of its own only, and says what came of it, one `== NAME` a part. Ends by switching off.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo 1 >/proc/sys/kernel/printk  # the console is for what follows
RUN="--seed 3 --epoch-games 16 --exact-empties 6 --table-mib 2 --trials-every 0 --memory 400MB
 --compress --keep 2"

# begin NAME ARGUMENTS...: a run in /tmp/NAME, in the background.
begin() {
    name=$1
    shift
    # shellcheck disable=SC2086  # a list of words
    kiln train $RUN --state "/tmp/$name" "$@" >"/tmp/$name.out" 2>&1 &
}

# until COMMAND...: half a minute at most.
until_it() {
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "not in time: $*"
}

has_played() {
    kiln status --state "/tmp/$1" | grep -q 'games/s'
}

trainer_of() {
    kiln status --json --state "/tmp/$1" | sed -n 's/.*"trainer_pid": *\([0-9]*\).*/\1/p'
}

echo "== machine"
uname -srm
nproc

echo "== undisturbed"
begin undisturbed --games 320 --workers 1
wait $!
echo "status $?"
sha256sum /tmp/undisturbed/game-000000000320.ckpt

echo "== locked-down"
begin locked --games 100000000 --workers 2 --lockdown
run=$!
until_it has_played locked
grep Seccomp: "/proc/$(trainer_of locked)/status"
kiln memory --json --state /tmp/locked
kiln stop --state /tmp/locked
wait $run
echo "status $?"
cat /tmp/locked.out

echo "== killed"
begin killed --games 320 --workers 2 --lockdown --checkpoint-every 32
run=$!
until_it test -e /tmp/killed/game-000000000064.ckpt
kill -9 "$(trainer_of killed)"
wait $run
echo "status $?"
cat /tmp/killed.out
sha256sum /tmp/killed/game-000000000320.ckpt

echo "== watched"
begin watched --games 100000000 --workers 2
run=$!
until_it has_played watched
kill -STOP "$(trainer_of watched)"
has_restarted() {
    grep -q 'showed no life' /tmp/watched.out
}
until_it has_restarted
kiln stop --state /tmp/watched
wait $run
echo "status $?"
cat /tmp/watched.out

echo "== limited"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/limited
echo 360M >/sys/fs/cgroup/limited/memory.max
(
    echo 0 >/sys/fs/cgroup/limited/cgroup.procs
    # shellcheck disable=SC2086
    kiln train $RUN --games 32 --state /tmp/limited 2>&1
    echo "status $?"
)
cat /sys/fs/cgroup/limited/memory.events

echo "== starved"
starved=/sys/fs/cgroup/starved
mkdir $starved
echo 100M >$starved/memory.max
(
    echo 0 >$starved/cgroup.procs
    begin starved --games 320 --workers 2
    wait $!
    echo "status $?"
) &
run=$!
was_killed_twice() {
    [ "$(sed -n 's/^oom_kill //p' $starved/memory.events)" -ge 2 ]
}
until_it was_killed_twice
echo max >$starved/memory.max
wait $run
cat /tmp/starved.out
sha256sum /tmp/starved/game-000000000320.ckpt

echo "== end"
poweroff -f
