#!/bin/sh
# Speed of this engine beside llama.cpp's on one GGUF file, in turn: A B A B ...
#
#   bench/compare/run.sh MODEL.gguf [OPTION ...]
#     --ours MODEL      what this engine runs instead of MODEL.gguf, for example the same geometry in GPTQ
#     --prompt N        tokens of a prompt (512)
#     --generate N      tokens that each sequence generates (64)
#     --batch N         sequences at once (1)
#     --threads N       threads of either side (2)
#     --turns N         how often each side has its turn (2); a turn has 2 rounds
#     --busy N          processes that do nothing but use processors meanwhile (0)
#     -- OPTION ...     further options of `./yuebing bench engine`, for example -- --kernels java
#
# Environment:
#   LLAMA_NODE   folder with node_modules/node-llama-cpp; or
#   LLAMA_BENCH  a command like llama-cpp.mjs beside this script; without either llama.cpp is left out
#   YUEBING      the launcher, ./yuebing by default
#
# Models: `./yuebing bench make-model --geometry qwen2.5-0.5b --format q4_0 --out random.gguf`.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
yuebing=${YUEBING:-$here/../../yuebing}
prompt=512 generate=64 batch=1 threads=2 turns=2 busy=0 rounds=2 ours=

die() {
    echo "compare: $*" >&2
    exit 2
}

[ $# -gt 0 ] || die "expected a GGUF file; see the head of $0"
model=$1
shift
[ -f "$model" ] || die "$model is no file; ./yuebing bench make-model makes one"
while [ $# -gt 0 ]; do
    case $1 in
        --) shift && break ;;
        --ours | --prompt | --generate | --batch | --threads | --turns | --busy)
            [ $# -gt 1 ] || die "$1 expects a value"
            name=${1#--}
            eval "$name=\$2"
            shift 2
            ;;
        *) die "unknown option $1; see the head of $0" ;;
    esac
done
ours=${ours:-$model}

if [ -n "${LLAMA_NODE:-}" ]; then
    export LLAMA_NODE
fi
peer() { # ARG ...
    if [ -n "${LLAMA_NODE:-}" ]; then
        node "$here/llama-cpp.mjs" "$@"
    else
        $LLAMA_BENCH "$@"
    fi
}

if [ -z "${LLAMA_NODE:-}${LLAMA_BENCH:-}" ]; then
    echo "compare: llama.cpp is LEFT OUT: neither LLAMA_NODE nor LLAMA_BENCH is set" >&2
fi

folder=$(mktemp -d)
spinners=
trap 'for p in $spinners; do kill "$p" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
i=0
while [ "$i" -lt "$busy" ]; do
    (while :; do :; done) &
    spinners="$spinners $!"
    i=$((i + 1))
done

number() { # NAME: the first number of that name in our JSON
    sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p" "$folder/json"
}

rounds_of() { # NAME: the numbers of an array in our JSON, one a line
    sed -n "s/.*\"$1\":\[\([^]]*\)\].*/\1/p" "$folder/json" | tr ',' '\n'
}

turn=0
while [ "$turn" -lt "$turns" ]; do
    "$yuebing" bench engine --model "$ours" --prompt "$prompt" --generate "$generate" --batch "$batch" \
        --rounds "$rounds" --threads "$threads" --json "$@" | tail -n 1 >"$folder/json"
    grep -q '^{' "$folder/json" || die "this engine has not measured $ours; what it said is above"
    rounds_of prefill_tokens_per_s_rounds >>"$folder/ours-prefill"
    rounds_of decode_tokens_per_s_rounds >>"$folder/ours-decode"
    number load_s >>"$folder/load"
    number peak_memory_bytes >>"$folder/memory"
    number read_limit_bytes_per_s >>"$folder/read"
    number decode_share_of_read_limit >>"$folder/share"
    echo "turn $((turn + 1)): ours $(rounds_of prefill_tokens_per_s_rounds | tr '\n' ' '), decode" \
        "$(rounds_of decode_tokens_per_s_rounds | tr '\n' ' ')" >&2
    if [ -n "${LLAMA_NODE:-}${LLAMA_BENCH:-}" ]; then
        peer "$model" "$prompt" "$generate" "$threads" "$rounds" "$batch" >"$folder/peer"
        echo "turn $((turn + 1)): llama.cpp, prefill and decode of each round: $(tr '\n' ';' <"$folder/peer")" >&2
        cut -d ' ' -f 1 "$folder/peer" >>"$folder/peer-prefill"
        cut -d ' ' -f 2 "$folder/peer" >>"$folder/peer-decode"
    fi
    turn=$((turn + 1))
done

median() { # FILE
    sort -g "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

echo "$(basename "$ours"), prompt $prompt, generate $generate, batch $batch, $threads threads, $busy busy processes, $((turns * rounds)) rounds $*"
for what in prefill decode; do
    printf '%-8s ours %8.2f tok/s' $what "$(median "$folder/ours-$what")"
    if [ -n "${LLAMA_NODE:-}${LLAMA_BENCH:-}" ]; then
        awk -v ours="$(median "$folder/ours-$what")" -v peer="$(median "$folder/peer-$what")" \
            'BEGIN { printf "   llama.cpp %8.2f tok/s   ratio %.2f", peer, ours / peer }'
    fi
    echo
done
awk -v read="$(median "$folder/read")" -v share="$(median "$folder/share")" -v load="$(median "$folder/load")" \
    -v memory="$(median "$folder/memory")" 'BEGIN {
        printf "ours: decode at %.0f %% of the read limit of %.1f GB/s, loaded in %.1f s, peak memory %.0f MiB\n",
            100 * share, read / 1e9, load, memory / 1048576 }'
