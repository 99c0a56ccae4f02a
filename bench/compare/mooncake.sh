#!/bin/sh
# Exchanges data with a real build of Mooncake's transfer engine, each end offering and calling, and measures blocks of
# 16 KiB beside it: A B A B ...
#
#   MOONCAKE_BIN=.../build/mooncake-transfer-engine/example bench/compare/mooncake.sh [--turns N] [--seconds N]
#     --turns N     how often each side is measured (2); 0 only exchanges data
#     --seconds N   of each measurement (2)
#
# Environment:
#   MOONCAKE_BIN     folder with transfer_engine_bench and transfer_engine_validator (CMake: -DUSE_HTTP=ON, without CUDA)
#   LD_LIBRARY_PATH  where these find Mooncake's libasio.so, if they do not
#   YUEBING          the launcher, ./yuebing by default
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
yuebing=${YUEBING:-$here/../../yuebing}
turns=2 seconds=2

die() {
    echo "compare: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
        --turns | --seconds)
            [ $# -gt 1 ] || die "$1 expects a number"
            name=${1#--}
            eval "$name=\$2"
            shift 2
            ;;
        *) die "unknown option $1; see the head of $0" ;;
    esac
done
[ -x "${MOONCAKE_BIN:-}/transfer_engine_bench" ] || die "MOONCAKE_BIN names no folder with transfer_engine_bench"

folder=$(mktemp -d)
started=
stop_all() {
    for p in $started; do
        kill "$p" 2>/dev/null || true
        wait "$p" 2>/dev/null || true
    done
    started=
}
trap 'stop_all; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

run_in_background() { # LOG COMMAND ...
    log=$folder/$1
    shift
    "$@" >"$log" 2>&1 &
    started="$started $!"
}

wait_for() { # LOG PATTERN
    tries=0
    until grep -qs "$2" "$folder/$1"; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || die "$1 did not start: $(tail -n 3 "$folder/$1")"
        sleep 0.1
    done
}

theirs() { # PROGRAM OPTION ...
    program=$1
    shift
    MC_FORCE_TCP=1 "$MOONCAKE_BIN/$program" --protocol=tcp --buffer_size=67108864 "$@" 2>&1
}

validate() { # WHAT SEGMENT METADATA NAME
    theirs transfer_engine_validator --mode=initiator --segment_id="$2" --metadata_server="$3" --local_server_name="$4" \
        --batch_size=8 --block_size=65536 --duration=2 --threads=2 >"$folder/validator" || true
    [ "$(grep -c 'Data validation passed' "$folder/validator")" = 2 ] || die "$1: $(tail -n 3 "$folder/validator")"
    echo "$1: data validation passed"
}

copy_through() { # WHAT OPTION ...
    what=$1
    shift
    head -c 3000001 /dev/urandom >"$folder/in"
    "$yuebing" transfer write --protocol mooncake --offset 4096 --file "$folder/in" "$@" >/dev/null
    rm -f "$folder/out"
    "$yuebing" transfer read --protocol mooncake --offset 4096 --length 3000001 --file "$folder/out" "$@" >/dev/null
    cmp "$folder/in" "$folder/out" || die "$what: other bytes came back"
    echo "$what: the bytes came back"
}

start_target() { # LOG METADATA NAME
    run_in_background "$1" env MC_FORCE_TCP=1 "$MOONCAKE_BIN/transfer_engine_bench" --mode=target --protocol=tcp \
        --buffer_size=67108864 --metadata_server="$2" --local_server_name="$3"
    wait_for "$1" 'numa node num'
}

# The handshake daemon takes a port of its own where there is no metadata server.
target_address() { # LOG
    sed -n 's/.*listening on \([0-9.]*:[0-9]*\).*/\1/p' "$folder/$1"
}

run_in_background ours "$yuebing" transfer serve --protocol mooncake --listen 127.0.0.1:0 --size 64MiB
wait_for ours '"data_port"'
ours=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$folder/ours")
validate "Mooncake to this segment" "$ours" P2PHANDSHAKE 127.0.0.1:12345
start_target target P2PHANDSHAKE 127.0.0.1:12346
target=$(target_address target)
copy_through "this to Mooncake's segment" --peer "$target"

run_in_background metadata "$yuebing" transfer metadata --listen 127.0.0.1:0
wait_for metadata '"metadata"'
metadata=$(sed -n 's/.*"metadata":"\([^"]*\)".*/\1/p' "$folder/metadata")
run_in_background named "$yuebing" transfer serve --protocol mooncake --listen 127.0.0.1:0 --metadata "$metadata" \
    --segment-name java-1 --size 64MiB
wait_for named '"data_port"'
start_target cpp "$metadata" cpp-1
validate "Mooncake to this segment, by this metadata server" java-1 "$metadata" cpp-2
validate "Mooncake to Mooncake, by this metadata server" cpp-1 "$metadata" cpp-3
copy_through "this to Mooncake's segment, by this metadata server" --metadata "$metadata" --segment cpp-1
stop_all

median() { # FILE
    sort -g "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

turn=0
while [ "$turn" -lt "$turns" ]; do
    for operation in write read; do
        for flight in 1 16 64; do
            start_target target P2PHANDSHAKE 127.0.0.1:12346
            theirs transfer_engine_bench --mode=initiator --metadata_server=P2PHANDSHAKE \
                --local_server_name=127.0.0.1:12345 --segment_id="$(target_address target)" --operation=$operation \
                --block_size=16384 --batch_size=$flight --threads=1 --duration="$seconds" --report_unit=MB |
                sed -n 's/.*throughput \([0-9.]*\) MB.*/\1/p' >>"$folder/theirs-$operation-$flight"
            stop_all
            "$yuebing" bench transfer --protocol tcp --block 16KiB --in-flight $flight --operation $operation \
                --millis $((seconds * 1000)) --json | grep '"tcp"' |
                sed -n 's/.*"gigabytesPerSecond":\([0-9.eE+-]*\).*/\1/p' | awk '{ print $1 * 1000 }' \
                    >>"$folder/ours-$operation-$flight"
        done
    done
    turn=$((turn + 1))
done
[ "$turns" -gt 0 ] || exit 0
echo "blocks of 16 KiB over TCP, medians of $turns turns of $seconds s"
for operation in write read; do
    for flight in 1 16 64; do
        awk -v ours="$(median "$folder/ours-$operation-$flight")" -v theirs="$(median "$folder/theirs-$operation-$flight")" \
            -v what="$operation, $flight in flight" \
            'BEGIN { printf "%-22s ours %7.0f MB/s   Mooncake %7.0f MB/s   ratio %.2f\n", what, ours, theirs, ours / theirs }'
    done
done
