/**
 * SIMD arithmetic for language models, each kernel with a scalar twin of the same bits.
 *
 * <p>{@link io.yuebing.kernels.Linears} turns the weights of a model file into {@link io.yuebing.kernels.Linear}s, which
 * a {@link io.yuebing.kernels.WorkerPool} multiplies with; {@link io.yuebing.kernels.Attention} reads a paged KV cache; the
 * rest are the steps between. {@link io.yuebing.kernels.KernelChoice} decides whether native, vector or scalar loops run and
 * says why. PRECISION.md at the repository's root derives the errors.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.kernels {
    requires static transitive org.jspecify;
    requires io.yuebing.api;
    requires static jdk.incubator.vector;
    requires org.slf4j;

    exports io.yuebing.kernels;
}
