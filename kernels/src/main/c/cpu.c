/* Tells which of the library's instruction sets this processor has, and which of them checksums are found with. */

#if defined(__x86_64__)

const char *yuebing_isa(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni")) {
        return "avx512";
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? "avx2"
                                                                                                             : "";
}

const char *yuebing_checksum_isa(void) {
    const char *isa = yuebing_isa();
    if (isa[0] == 0 || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.2")) {
        return "";
    }
    return __builtin_cpu_supports("vpclmulqdq") ? isa : "avx2";
}

#elif defined(__APPLE__)

/* Every Apple processor of this architecture has dot products. */
const char *yuebing_isa(void) { return "neon"; }
const char *yuebing_checksum_isa(void) { return ""; }

#else

#include <sys/auxv.h>

const char *yuebing_isa(void) { return getauxval(AT_HWCAP) & (1 << 20) /* HWCAP_ASIMDDP */ ? "neon" : ""; }
const char *yuebing_checksum_isa(void) { return ""; }

#endif
