package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/**
 * A cluster shrinks and ends while clients ask all the time: each role is drained once by command and once by signal,
 * in the end the gateway together with the last node.
 */
@Timeout(300)
class DrainUnderLoadTest {
    private static final Duration START = Duration.ofSeconds(60);

    /** Far longer than anything here takes on a machine that is not busy. */
    private static final String PATIENT = "--drain-timeout=90s";

    private static final Duration EXIT = Duration.ofSeconds(100);
    private static final int CLIENTS = 2;

    private final long seed =
            Long.getLong("yuebing.seed", ThreadLocalRandom.current().nextInt(1_000_000));
    private final List<ServerProcess> started = new ArrayList<>();
    private final List<String> failed = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();

    @Test
    void whoIsDrainedTakesNothingNewFinishesAllAndEndsAndNoClientNotices() throws Exception {
        URI address = ServerProcess.freeAddress();
        Client client = new Client(address);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            ServerProcess gateway = keep(ServerProcess.start(
                    List.of("gateway", "--port=" + address.getPort(), PATIENT, "--exit-with-parent")));
            Node prefill = node("prefill", address);
            Node decode = node("decode", address);
            Node otherDecode = node("decode", address);
            Node last = node("prefill", address);
            awaitServing(client, 4);
            List<String> expected = new ArrayList<>();
            for (Map<String, Object> request : requests()) {
                expected.add(answer(client, request));
            }
            List<Future<?>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                long own = seed + i;
                clients.add(threads.submit(() -> keepAsking(client, expected, own)));
            }
            drainByCommand(prefill, address);
            drainBySignal(decode);
            drainByCommand(otherDecode, address);
            awaitServing(client, 1);
            over.set(true);
            for (Future<?> one : clients) {
                one.get();
            }
            new Client(last.address()).awaitIdle("seed " + seed);
            endTogether(gateway, last, client, threads);
            assertThat(failed)
                    .as("requests that failed or differ, seed %d", seed)
                    .isEmpty();
            assertThat(answered).as("answered requests, seed %d", seed).hasValueGreaterThan(8);
        } finally {
            over.set(true);
            started.forEach(ServerProcess::close);
        }
    }

    private record Node(ServerProcess process, URI address) {}

    private ServerProcess keep(ServerProcess process) {
        started.add(process);
        return process;
    }

    private Node node(String role, URI gateway) throws IOException {
        URI address = ServerProcess.freeAddress();
        return new Node(keep(ServerProcess.node(address, gateway, "--role=" + role, PATIENT)), address);
    }

    private static void awaitServing(Client gateway, int count) throws InterruptedException {
        Eventually.holds(count + " nodes serve", START, () -> {
            JsonNode nodes = Client.JSON.readTree(gateway.get("/yuebing/v1/nodes"));
            int serving = 0;
            for (JsonNode node : nodes) {
                serving += node.path("state").asString("").equals("serving") ? 1 : 0;
            }
            return serving == count && nodes.size() == count;
        });
    }

    private void drainByCommand(Node node, URI gateway) throws Exception {
        ServerProcess command = keep(ServerProcess.drain(node.address(), gateway));
        assertThat(command.awaitExit(EXIT)).as(command.output()).isZero();
        hasFinishedEverything(node.process());
    }

    private void drainBySignal(Node node) throws Exception {
        node.process().terminate();
        hasFinishedEverything(node.process());
    }

    private static void hasFinishedEverything(ServerProcess process) throws InterruptedException {
        assertThat(process.awaitExit(EXIT)).as(process.output()).isZero();
        assertThat(process.output()).contains("has finished everything");
    }

    private void endTogether(ServerProcess gateway, Node last, Client client, ExecutorService threads)
            throws Exception {
        Map<String, Object> request = request("San Francisco is a", 500, 3);
        String undisturbed = answer(client, request);
        InputStream running = client.stream("/v1/completions", request);
        InputStream first = new ByteArrayInputStream(running.readNBytes(200));
        Future<String> whole =
                threads.submit(() -> Client.text(Client.frames(new SequenceInputStream(first, running))));
        last.process().terminate();
        gateway.terminate();
        Eventually.holds(
                "the gateway takes nothing new, seed " + seed,
                EXIT,
                () -> !gateway.isAlive()
                        || client.tryPost("/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":1}")
                                        .status()
                                == 503);
        assertThat(whole.get())
                .as("a stream while gateway and node drain, seed %d", seed)
                .isEqualTo(undisturbed);
        hasFinishedEverything(gateway);
        hasFinishedEverything(last.process());
    }

    private void keepAsking(Client client, List<String> expected, long own) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(own);
        while (!over.get()) {
            int which = random.nextInt(expected.size());
            try {
                String answer = answer(client, requests().get(which));
                if (!answer.equals(expected.get(which))) {
                    failed.add("request " + which + ": expected " + expected.get(which) + ", got " + answer);
                }
                answered.incrementAndGet();
            } catch (IOException | AssertionError e) {
                failed.add("request " + which + ": " + e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Short and long, with beginnings in common, greedy and seeded, streamed and not. */
    private static List<Map<String, Object>> requests() {
        List<Map<String, Object>> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            requests.add(request("San Francisco is a city. ".repeat(1 + 4 * (i % 3)) + i, 10 + 10 * i, i));
        }
        return requests;
    }

    private static Map<String, Object> request(String prompt, int tokens, int seed) {
        return Map.of(
                "prompt",
                prompt,
                "max_tokens",
                tokens,
                "ignore_eos",
                true,
                "temperature",
                seed % 2 == 0 ? 0 : 0.9,
                "seed",
                seed,
                "stream",
                seed % 4 != 0);
    }

    private static String answer(Client client, Map<String, Object> request) throws IOException, InterruptedException {
        return request.get("stream").equals(true)
                ? Client.text(Client.frames(client.stream("/v1/completions", request)))
                : Client.text(List.of(client.post("/v1/completions", request)));
    }
}
