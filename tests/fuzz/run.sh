#!/bin/sh
# Runs every fuzzer built in a folder for some seconds each, beginning with its seeds and with what
# earlier runs found interesting (below the same folder). Prints executions and findings; fails if
# there is a finding, whose input stays in <folder>/<name>.findings/.
#   tests/fuzz/run.sh build/fuzz/tests/fuzz 60
set -eu
folder=$1
seconds=$2
failed=0
printf '%-16s %12s %9s\n' target executions findings
for program in "$folder"/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/fuzz_}
    corpus=$folder/$name.corpus
    findings=$folder/$name.findings
    log=$folder/$name.log
    mkdir -p "$corpus" "$findings"
    "$folder/replay_$name" --write "$corpus"
    status=0
    "$program" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$findings/" "$corpus" 2>"$log" || status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    count=$(find "$findings" -type f | wc -l)
    printf '%-16s %12s %9s\n' "$name" "${executions:-?}" "$count"
    if [ "$status" -ne 0 ] || [ "$count" -ne 0 ]; then
        echo "  see $log and $findings" >&2
        failed=1
    fi
done
exit $failed
