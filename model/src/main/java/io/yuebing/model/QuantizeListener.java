package io.yuebing.model;

/** Told how far quantisation is. Must return quickly. */
@FunctionalInterface
public interface QuantizeListener {
    QuantizeListener NONE = (what, share) -> {};

    /**
     * Something goes on.
     *
     * @param what for people
     * @param share of the whole that is done, 0 to 1
     */
    void at(String what, double share);
}
