package io.yuebing.bench.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Breaks one thing after the other, by a seed; leaves one whole node of each role. */
final class Monkey {
    private static final Duration DETECTION = Duration.ofSeconds(10);

    private final List<ChaosNode> nodes;
    private final RandomGenerator random;
    private final Map<String, Integer> faults = new TreeMap<>();
    private final List<String> undetected = new ArrayList<>();

    private enum Fault {
        KILL,
        HANG,
        SHORT_STOP,
        CUT_HTTP,
        CUT_TRANSFER,
        STALL_HTTP,
        STALL_TRANSFER,
        SLOW_TRANSFER,
        FLIP
    }

    Monkey(List<ChaosNode> nodes, long seed) {
        this.nodes = nodes;
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    Map<String, Integer> faults() {
        return faults;
    }

    List<String> undetected() {
        return undetected;
    }

    /** Injects faults for a while, each kind once at first, then whatever comes; heals everything in the end. */
    void rage(Duration length) throws IOException, InterruptedException {
        long end = System.nanoTime() + length.toNanos();
        List<Fault> first = new ArrayList<>(List.of(Fault.values()));
        while (System.nanoTime() < end) {
            Fault fault = first.isEmpty()
                    ? Fault.values()[random.nextInt(Fault.values().length)]
                    : first.remove(random.nextInt(first.size()));
            ChaosNode victim = nodes.get(random.nextInt(nodes.size()));
            if (othersServe(victim)) {
                faults.merge(fault.name().toLowerCase(Locale.ROOT), 1, Integer::sum);
                inject(fault, victim);
            }
            Thread.sleep(random.nextInt(50, 400));
        }
        for (ChaosNode node : nodes) {
            node.go();
            node.http().heal();
            node.transfer().heal();
        }
    }

    private boolean othersServe(ChaosNode victim) throws InterruptedException {
        for (ChaosNode node : nodes) {
            if (node != victim && node.role().equals(victim.role()) && node.serves()) {
                return true;
            }
        }
        return false;
    }

    private void inject(Fault fault, ChaosNode victim) throws IOException, InterruptedException {
        switch (fault) {
            case KILL -> {
                victim.kill();
                Thread.sleep(random.nextInt(300));
                victim.restart();
            }
            case HANG -> pauseFor(victim, random.nextInt(3500, 4500));
            case SHORT_STOP -> pauseFor(victim, random.nextInt(50, 1000));
            case CUT_HTTP -> victim.http().cut();
            case CUT_TRANSFER -> victim.transfer().cut();
            case STALL_HTTP -> victim.http().stall(random.nextInt(100, 4000));
            case STALL_TRANSFER -> victim.transfer().stall(random.nextInt(100, 2000));
            case SLOW_TRANSFER -> {
                victim.transfer().throttle(random.nextInt(200_000, 2_000_000));
                Thread.sleep(random.nextInt(100, 1000));
                victim.transfer().heal();
            }
            case FLIP -> flip(victim);
        }
    }

    private static void pauseFor(ChaosNode victim, int millis) throws IOException, InterruptedException {
        victim.stop();
        Thread.sleep(millis);
        victim.go();
    }

    /** Damages a byte on its way to a decode node, which must say so. */
    private void flip(ChaosNode victim) throws IOException, InterruptedException {
        if (!victim.role().equals("decode") || !victim.serves()) {
            return;
        }
        double before = complaints(victim);
        int flips = victim.transfer().flipped();
        victim.transfer().flip();
        try {
            ChaosCluster.await(
                    "a block passes",
                    Duration.ofSeconds(2),
                    () -> victim.transfer().flipped() > flips);
        } catch (IOException nothingPassed) {
            victim.transfer().heal();
            if (victim.transfer().flipped() == flips) {
                return;
            }
        }
        try {
            ChaosCluster.await("the damage is noticed", DETECTION, () -> complaints(victim) > before);
        } catch (IOException e) {
            undetected.add("a flipped bit on the way to " + victim.label());
        }
    }

    private static double complaints(ChaosNode node) throws IOException, InterruptedException {
        return node.metric("yuebing:kv_checksum_failures_total") + node.metric("yuebing:kv_protocol_errors_total");
    }
}
