package io.yuebing.bench;

/** Told how far a measurement is. Must return quickly: what it takes is measured too. */
@FunctionalInterface
public interface Progress {
    Progress NONE = (what, share) -> {};

    /**
     * The measurement has come so far.
     *
     * @param what is being done, for people
     * @param share of the whole, 0 to 1
     */
    void at(String what, double share);
}
