package io.yuebing.bench.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Breaks one thing after the other, by a seed; leaves one whole node of each role. */
final class Monkey {
    private static final Duration DETECTION = Duration.ofSeconds(10);
    private static final Duration START = Duration.ofSeconds(60);

    private final List<ChaosNode> nodes;
    private final Surroundings surroundings;
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
        FLIP,
        /** Both ways of a wire are cut. */
        UNPLUG,
        /** What a node sends is lost. */
        MUTE,
        /** What is sent to a node is lost. */
        DEAFEN,
        SLOW_WIRE,
        /** Nobody can write any more, and a node starts. */
        FULL_DISK;

        boolean needsLink() {
            return compareTo(CUT_HTTP) >= 0 && compareTo(FLIP) <= 0;
        }

        boolean needsWire() {
            return compareTo(UNPLUG) >= 0;
        }
    }

    Monkey(List<ChaosNode> nodes, Surroundings surroundings, long seed) {
        this.nodes = nodes;
        this.surroundings = surroundings;
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
        List<Fault> possible = Arrays.stream(Fault.values())
                .filter(fault -> surroundings.network().isPresent() || !fault.needsWire())
                .toList();
        List<Fault> first = new ArrayList<>(possible);
        while (System.nanoTime() < end) {
            Fault fault = first.isEmpty()
                    ? possible.get(random.nextInt(possible.size()))
                    : first.remove(random.nextInt(first.size()));
            List<ChaosNode> victims = nodes.stream()
                    .filter(node -> node.http().isPresent() || !fault.needsLink())
                    .toList();
            ChaosNode victim = victims.get(random.nextInt(victims.size()));
            if (othersServe(victim)) {
                faults.merge(fault.name().toLowerCase(Locale.ROOT), 1, Integer::sum);
                inject(fault, victim);
            }
            Thread.sleep(random.nextInt(50, 400));
        }
        for (ChaosNode node : nodes) {
            node.go();
            node.http().ifPresent(FaultyLink::heal);
            node.transfer().ifPresent(FaultyLink::heal);
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
        if (fault.needsLink()) {
            injectIntoLink(
                    fault,
                    victim,
                    victim.http().orElseThrow(),
                    victim.transfer().orElseThrow());
        } else if (fault == Fault.FULL_DISK) {
            runFull(surroundings.disk().orElseThrow(), victim);
        } else if (fault.needsWire()) {
            injectIntoWire(fault, victim.machine(), surroundings.network().orElseThrow());
        } else if (fault == Fault.KILL) {
            killAndRestart(victim);
        } else {
            boolean hangs = fault == Fault.HANG;
            pauseFor(victim, hangs ? random.nextInt(3500, 4500) : random.nextInt(50, 1000));
        }
    }

    private void killAndRestart(ChaosNode victim) throws IOException, InterruptedException {
        victim.kill();
        Thread.sleep(random.nextInt(300));
        victim.restart();
    }

    private void injectIntoLink(Fault fault, ChaosNode victim, FaultyLink http, FaultyLink transfer)
            throws IOException, InterruptedException {
        switch (fault) {
            case CUT_HTTP -> http.cut();
            case CUT_TRANSFER -> transfer.cut();
            case STALL_HTTP -> http.stall(random.nextInt(100, 4000));
            case STALL_TRANSFER -> transfer.stall(random.nextInt(100, 2000));
            case SLOW_TRANSFER -> {
                transfer.throttle(random.nextInt(200_000, 2_000_000));
                Thread.sleep(random.nextInt(100, 1000));
                transfer.heal();
            }
            case FLIP -> flip(victim, transfer);
            default -> throw new IllegalArgumentException(fault + " is no fault of a link");
        }
    }

    /** Connections stay half open until somebody gives up. */
    private void injectIntoWire(Fault fault, int machine, NamespaceNetwork network)
            throws IOException, InterruptedException {
        int millis = random.nextInt(100, 5000);
        switch (fault) {
            case UNPLUG -> {
                network.unplug(machine);
                Thread.sleep(millis);
                network.plug(machine);
            }
            case MUTE -> {
                network.mute(machine);
                Thread.sleep(millis);
                network.unmute(machine);
            }
            case DEAFEN -> {
                network.deafen(machine);
                Thread.sleep(millis);
                network.undeafen(machine);
            }
            case SLOW_WIRE -> {
                network.slow(machine, random.nextInt(2, 20));
                Thread.sleep(millis);
                network.unslow(machine);
            }
            default -> throw new IllegalArgumentException(fault + " is no fault of a wire");
        }
    }

    private void runFull(SmallDisk disk, ChaosNode victim) throws IOException, InterruptedException {
        disk.fill();
        try {
            killAndRestart(victim);
            ChaosCluster.await("a node starts while the disk is full", START, victim::serves);
        } finally {
            disk.free();
        }
    }

    private static void pauseFor(ChaosNode victim, int millis) throws IOException, InterruptedException {
        victim.stop();
        Thread.sleep(millis);
        victim.go();
    }

    /** Damages a byte on its way to a decode node, which must say so. */
    private void flip(ChaosNode victim, FaultyLink transfer) throws IOException, InterruptedException {
        if (!victim.role().equals("decode") || !victim.serves()) {
            return;
        }
        double before = complaints(victim);
        int flips = transfer.flipped();
        transfer.flip();
        try {
            ChaosCluster.await("a block passes", Duration.ofSeconds(2), () -> transfer.flipped() > flips);
        } catch (IOException nothingPassed) {
            transfer.heal();
            if (transfer.flipped() == flips) {
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
