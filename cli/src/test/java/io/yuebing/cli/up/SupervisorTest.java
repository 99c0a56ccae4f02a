package io.yuebing.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class SupervisorTest {
    private static final Backoff AT_ONCE = new Backoff(Duration.ofMillis(1), Duration.ofMillis(5));

    @TempDir
    private Path folder;

    private final Events events = new Events();

    @Test
    void isReadyWhenEveryChildIs() throws Exception {
        ChildSpec a = child("a", "touch a.ready; exec sleep 60");
        ChildSpec b = child("b", "touch b.ready; exec sleep 60");
        try (Supervisor supervisor = Supervisor.start(List.of(a, b), events, AT_ONCE)) {
            assertThat(supervisor.awaitReady()).isEmpty();
            assertThat(folder.resolve("a.ready")).exists();
            assertThat(folder.resolve("b.ready")).exists();
        }
    }

    @Test
    void aChildThatDiesIsStartedAgain() throws Exception {
        ChildSpec child =
                child("a", "touch a.ready; echo life >>lives; [ -e second ] && exec sleep 60; touch second; exit 7");
        try (Supervisor supervisor = Supervisor.start(List.of(child), events, AT_ONCE)) {
            events.await("a died with 7");
            events.await("a starting");
            supervisor.awaitReady();
            awaitLine(folder.resolve("lives"), 2);
        }
    }

    @Test
    void aChildThatSaysAtOnceThatItsUserErredEndsTheWait() throws Exception {
        ChildSpec fine = child("a", "touch a.ready; exec sleep 60");
        ChildSpec hopeless = child("b", "echo 'the model is broken'; exit 2");
        try (Supervisor supervisor = Supervisor.start(List.of(fine, hopeless), events, AT_ONCE)) {
            assertThat(supervisor.awaitReady()).isEqualTo(Optional.of(2));
            events.await("b said the model is broken");
        }
    }

    @Test
    void closingStopsTheChildrenInOrder() throws Exception {
        ChildSpec a = child("a", stubborn("a"));
        ChildSpec b = child("b", stubborn("b"));
        Supervisor supervisor = Supervisor.start(List.of(a, b), events, AT_ONCE);
        supervisor.awaitReady();
        supervisor.close();
        assertThat(Files.readAllLines(folder.resolve("stops"))).containsExactly("a", "b");
        events.await("a stopped");
        events.await("b stopped");
    }

    @Test
    void aChildThatIgnoresTheWishToEndIsKilled() throws Exception {
        ChildSpec deaf = child("a", "trap '' TERM; echo $$ >pid; touch a.ready; while true; do sleep 1; done");
        Supervisor supervisor = Supervisor.start(List.of(deaf), events, AT_ONCE);
        supervisor.awaitReady();
        long pid = Long.parseLong(Files.readString(folder.resolve("pid")).strip());
        supervisor.close();
        assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    }

    @Test
    void closingBeforeAnythingIsReadyEndsTheWait() throws Exception {
        ChildSpec never = child("a", "exec sleep 60");
        Supervisor supervisor = Supervisor.start(List.of(never), events, AT_ONCE);
        supervisor.close();
        assertThat(supervisor.awaitReady()).isEmpty();
    }

    @Test
    void theWaitBeforeARestartGrowsUpToItsBound() {
        Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));
        assertThat(List.of(backoff.delay(1), backoff.delay(2), backoff.delay(5), backoff.delay(6), backoff.delay(1000)))
                .containsExactly(
                        Duration.ofMillis(500),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(8),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10));
    }

    private String stubborn(String name) {
        return "trap 'echo " + name + " >>stops; exit 0' TERM; touch " + name
                + ".ready; while true; do sleep 0.05; done";
    }

    private ChildSpec child(String name, String script) {
        return new ChildSpec(
                name,
                List.of("sh", "-c", "cd '" + folder + "'; " + script),
                () -> Files.exists(folder.resolve(name + ".ready")),
                "nowhere");
    }

    private static void awaitLine(Path file, int lines) throws Exception {
        while (!Files.exists(file) || Files.readAllLines(file).size() < lines) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /** Collects what happens, for tests that wait for it. */
    private static final class Events implements UpListener {
        private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

        void await(String event) throws InterruptedException {
            for (String next = seen.take(); !next.equals(event); next = seen.take()) {
                assertThat(next).isNotBlank();
            }
        }

        @Override
        public void starting(String child) {
            seen.add(child + " starting");
        }

        @Override
        public void ready(String child, String address, Duration took) {
            seen.add(child + " ready");
        }

        @Override
        public void died(String child, int exitCode, Duration delay) {
            seen.add(child + " died with " + exitCode);
        }

        @Override
        public void output(String child, String line) {
            seen.add(child + " said " + line);
        }

        @Override
        public void stopped(String child) {
            seen.add(child + " stopped");
        }
    }
}
