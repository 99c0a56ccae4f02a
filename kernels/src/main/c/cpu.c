/* Tells which of the library's instruction sets this processor has. */

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

#elif defined(__APPLE__)

/* Every Apple processor of this architecture has dot products. */
const char *yuebing_isa(void) { return "neon"; }

#else

#include <sys/auxv.h>

const char *yuebing_isa(void) { return getauxval(AT_HWCAP) & (1 << 20) /* HWCAP_ASIMDDP */ ? "neon" : ""; }

#endif
