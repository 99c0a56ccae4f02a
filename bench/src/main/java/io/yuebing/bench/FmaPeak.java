package io.yuebing.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Fused multiply-adds in registers alone, as many at once as hide their latency: nothing can be faster. */
final class FmaPeak {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int STEPS = 400_000;

    /** Keeps the compiler from leaving the work out. */
    private static volatile float sink;

    private FmaPeak() {}

    /** Multiplies for some ten milliseconds; returns the number of multiply-adds. */
    static long run() {
        FloatVector x = FloatVector.broadcast(LANES, 0.999f);
        FloatVector y = FloatVector.broadcast(LANES, 0.001f);
        FloatVector a = x;
        FloatVector b = x;
        FloatVector c = x;
        FloatVector d = x;
        FloatVector e = x;
        FloatVector f = x;
        FloatVector g = y;
        FloatVector h = y;
        FloatVector i = y;
        FloatVector j = y;
        FloatVector k = y;
        FloatVector l = y;
        for (int step = 0; step < STEPS; step++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            i = i.fma(x, y);
            j = j.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        FloatVector left = a.add(b).add(c).add(d).add(e).add(f);
        FloatVector right = g.add(h).add(i).add(j).add(k).add(l);
        sink = left.add(right).lane(0);
        return (long) STEPS * CHAINS * LANES.length();
    }
}
