package io.yuebing.model.decoder;

/** A kind of feed-forward part. */
public sealed interface FeedForwardSpec {

    /** Widest row of intermediate values. */
    int width();

    /**
     * One gated pair of matrices and one back (Shazeer, 2020).
     *
     * @param width outputs of gate and up
     * @param bias whether the matrices have a bias, which then must be in the files
     */
    record Dense(int width, Activation activation, boolean bias) implements FeedForwardSpec {}

    /**
     * Many such parts, of which each token uses a few (Shazeer et al., 2017).
     *
     * @param experts number of experts
     * @param expertWidth outputs of an expert's gate and up
     * @param sharedWidth the same of the shared expert, which every token uses; 0 = there is none
     * @param routing how a token's experts are chosen
     */
    record Experts(int experts, int expertWidth, int sharedWidth, Activation activation, Routing routing)
            implements FeedForwardSpec {
        @Override
        public int width() {
            return Math.max(expertWidth, sharedWidth);
        }
    }
}
