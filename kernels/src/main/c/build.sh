#!/bin/sh
# Builds the native kernels for this machine's platform: build.sh FOLDER. Without a C compiler it only says so.
set -eu

source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
case $(uname -s) in
    Linux) os=linux suffix=so ;;
    Darwin) os=macos suffix=dylib ;;
    *) os= suffix= ;;
esac
case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) arch= ;;
esac
compiler=${CC:-cc}
if [ -z "$os" ] || [ -z "$arch" ] || ! command -v "$compiler" >/dev/null 2>&1; then
    echo "native kernels are left out: they need Linux or macOS on x86-64 or ARM, and a C compiler ($compiler)" >&2
    exit 0
fi

target=$1/$os-$arch
library=$target/libyuebing_kernels.$suffix
if [ -f "$library" ] && [ -z "$(find "$source" -newer "$library" -print)" ]; then
    exit 0
fi
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
mkdir -p "$target"

# Products are fused where the source says so and nowhere else: the bits are those of the Java loops.
compile() { # NAME FLAGS...
    name=$1
    shift
    for file in panels rows attention selection move checksum; do
        "$compiler" -std=c11 -O3 -Wall -fPIC -ffp-contract=off "$@" -c "$source/$file.c" -o "$objects/$file-$name.o"
    done
}
if [ "$arch" = x86_64 ]; then
    compile avx2 -mavx2 -mfma -mf16c -msse4.2 -mpclmul
    compile avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mfma -mf16c -mprefer-vector-width=512 \
        -msse4.2 -mpclmul -mvpclmulqdq
elif [ "$os" = macos ]; then
    compile neon
else
    compile neon -march=armv8.2-a+dotprod
fi
"$compiler" -std=c11 -O2 -fPIC -c "$source/cpu.c" -o "$objects/cpu.o"
"$compiler" -shared -o "$library.part" "$objects"/*.o
mv "$library.part" "$library"
