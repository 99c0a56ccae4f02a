package io.yuebing.cli.settings;

import static io.yuebing.cli.settings.Part.ANSWERS;
import static io.yuebing.cli.settings.Part.ARITHMETIC;
import static io.yuebing.cli.settings.Part.CHAT;
import static io.yuebing.cli.settings.Part.ENGINE;
import static io.yuebing.cli.settings.Part.FAILOVER;
import static io.yuebing.cli.settings.Part.GATEWAY;
import static io.yuebing.cli.settings.Part.HUB;
import static io.yuebing.cli.settings.Part.LISTEN;
import static io.yuebing.cli.settings.Part.LOG;
import static io.yuebing.cli.settings.Part.MODEL;
import static io.yuebing.cli.settings.Part.NODE;
import static io.yuebing.cli.settings.Part.OBSERVER;
import static io.yuebing.cli.settings.Part.PLACE;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.dialect.SurfaceOptions;
import io.yuebing.gateway.FailoverPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The table of all settings: the one place that knows their names, types, bounds and defaults. */
public final class Settings {
    private static final List<Setting<?>> TABLE = new ArrayList<>();
    private static final int MAX_PORT = 65_535;
    private static final int MAX_TOKENS = 1 << 24;

    public static final Setting<String> MODEL_LOCATION = computed(
            "model",
            ValueType.text("PATH|ORG/NAME"),
            "the bundled demo model",
            "model folder, GGUF file, or a repository on the hub",
            MODEL,
            GATEWAY);
    public static final Setting<String> SERVED_MODEL_NAME = computed(
            "served-model-name",
            ValueType.text("NAME"),
            "the repository's or the folder's name",
            "name that clients use for the model",
            MODEL);
    public static final Setting<String> HUB_NAME = fixed(
            "hub",
            ValueType.choice("hf", "modelscope"),
            "hf",
            "hub that ORG/NAME is fetched from",
            HUB,
            MODEL,
            GATEWAY);
    public static final Setting<String> HOST =
            fixed("host", ValueType.text("ADDRESS"), "127.0.0.1", "address to listen on", LISTEN);
    public static final Setting<Integer> PORT =
            fixed("port", ValueType.integer(0, MAX_PORT), 8000, "port to listen on; 0 takes any free one", LISTEN);
    public static final Setting<String> ROLE = fixed(
            "role", ValueType.choice("prefill", "decode", "both"), "both", "what the node does for a request", PLACE);
    public static final Setting<URI> GATEWAY_URL = computed(
            "gateway",
            ValueType.url(),
            "none",
            "gateway that the node registers with, or that chat, doctor and top talk to",
            PLACE,
            CHAT,
            OBSERVER);
    public static final Setting<String> TRANSFER_HOST = fixed(
            "transfer-host",
            ValueType.text("ADDRESS[,ADDRESS]"),
            "127.0.0.1",
            "address on which KV blocks are received; several for several network cards",
            PLACE);
    public static final Setting<Integer> TRANSFER_PORT = fixed(
            "transfer-port",
            ValueType.integer(0, MAX_PORT),
            0,
            "port on which KV blocks are received; 0 takes any free one",
            PLACE);
    public static final Setting<String> TRANSFER_ADVERTISE = computed(
            "transfer-advertise",
            ValueType.hostAndPort(),
            "transfer-host and the port bound",
            "where other nodes reach the transfer port, if that is somewhere else: in a container, behind NAT",
            PLACE);
    public static final Setting<String> TRANSFER_PROTOCOL = fixed(
            "transfer-protocol",
            ValueType.choice("auto", "tcp", "shm", "ucx"),
            "auto",
            "how KV blocks travel between nodes; auto takes shm on one host, else ucx with RDMA devices, else tcp",
            NODE);
    public static final Setting<String> TRANSFER_CARDS = fixed(
            "transfer-cards",
            ValueType.text("auto|one|ADDRESS[,ADDRESS]"),
            "auto",
            "addresses of the network cards that share the way to a peer with several addresses; auto: all cards as fast as"
                    + " the fastest",
            NODE);
    public static final Setting<Integer> TRANSFER_LANES = fixed(
            "transfer-lanes",
            ValueType.integer(1, 64),
            1,
            "connections to each peer; there is at least one for each network card that is used",
            NODE);
    public static final Setting<String> TRANSFER_SECRET_FILE = computed(
            "transfer-secret-file",
            ValueType.text("FILE"),
            "none",
            "file with the secret that nodes prove to each other before KV blocks travel",
            NODE);
    public static final Setting<String> TRANSFER_TLS_CERT = computed(
            "transfer-tls-cert",
            ValueType.text("FILE"),
            "none",
            "PEM certificate of this node, for KV blocks within TLS 1.3",
            NODE);
    public static final Setting<String> TRANSFER_TLS_KEY =
            computed("transfer-tls-key", ValueType.text("FILE"), "none", "PEM private key of that certificate", NODE);
    public static final Setting<String> TRANSFER_TLS_CA = computed(
            "transfer-tls-ca",
            ValueType.text("FILE"),
            "none",
            "PEM certificates of the authorities that the other nodes' certificates come from",
            NODE);
    public static final Setting<Boolean> INSECURE_TRANSFER = fixed(
            "insecure-transfer",
            ValueType.bool(),
            false,
            "whether to receive KV blocks beyond loopback with neither a secret nor TLS",
            PLACE);
    public static final Setting<List<URI>> NODES = fixed(
            "nodes", ValueType.urls(), List.of(), "nodes that do not register themselves with the gateway", GATEWAY);
    public static final Setting<Integer> THREADS = computedValue(
            "threads",
            ValueType.integer(1, 1024),
            Runtime.getRuntime().availableProcessors(),
            "cores that the process may use",
            "threads that compute, in each node",
            NODE,
            ENGINE,
            ARITHMETIC);
    public static final Setting<String> CACHE = computed(
            "cache",
            ValueType.text("DIR"),
            "~/.cache/yuebing",
            "folder for what is kept between starts; repacked weights are in its folder weights",
            NODE,
            ENGINE);
    public static final Setting<Long> WEIGHT_CACHE = fixed(
            "weight-cache",
            ValueType.bytes(0),
            64L << 30,
            "most disk for repacked weights of large models, which then load at once; 0 keeps none",
            NODE,
            ENGINE);
    public static final Setting<Boolean> SHARE_WEIGHTS = fixed(
            "share-weights",
            ValueType.bool(),
            false,
            "whether processes of this machine use one copy of repacked weights; decoding is slower then (in up: true)",
            NODE,
            ENGINE);
    public static final Setting<String> CRASH_DIR = computed(
            "crash-dir",
            ValueType.text("DIR"),
            "crashes in cache",
            "folder where steps that fail are kept, without text, for replay; the newest 16",
            NODE);
    public static final Setting<String> COMPUTE = fixed(
            "compute",
            ValueType.choice("f32", "int8"),
            "int8",
            "activations in products with quantised weights",
            NODE,
            ENGINE);
    public static final Setting<String> KERNELS = fixed(
            "kernels",
            ValueType.choice("auto", "native", "java", "scalar"),
            "auto",
            "loops that compute: compiled C, Java's Vector API or plain Java; auto takes the first that runs here",
            NODE,
            ENGINE,
            ARITHMETIC);
    public static final Setting<String> KV_DTYPE = fixed(
            "kv-dtype",
            ValueType.choice("bf16", "f32", "f16", "int8"),
            "bf16",
            "element type of the KV cache",
            NODE,
            ENGINE);
    public static final Setting<String> KV_TRANSFER_DTYPE = fixed(
            "kv-transfer-dtype",
            ValueType.choice("auto", "int8"),
            "auto",
            "elements of KV blocks on their way: those of the cache, or rounded to int8; the same on all nodes",
            NODE);
    public static final Setting<Integer> BLOCK_SIZE =
            fixed("block-size", ValueType.integer(1, 1024), 16, "tokens in a KV block", NODE, ENGINE);
    public static final Setting<Long> KV_MEMORY = computed(
            "kv-memory",
            ValueType.bytes(1 << 20),
            "from the machine's memory and the model",
            "memory of the KV cache, in each node",
            NODE);
    public static final Setting<Integer> KV_BLOCKS = computed(
            "kv-blocks",
            ValueType.integer(1, Integer.MAX_VALUE),
            "from kv-memory",
            "KV blocks in each node; goes before kv-memory",
            NODE);
    public static final Setting<Integer> MAX_MODEL_LEN = computed(
            "max-model-len",
            ValueType.integer(1, MAX_TOKENS),
            "the model's own limit",
            "most tokens of prompt and output together",
            NODE);
    public static final Setting<Integer> MAX_NUM_SEQS =
            fixed("max-num-seqs", ValueType.integer(1, 65_536), 256, "sequences that run at once in a node", NODE);
    public static final Setting<Integer> MAX_NUM_BATCHED_TOKENS = fixed(
            "max-num-batched-tokens",
            ValueType.integer(1, MAX_TOKENS),
            512,
            "token budget of one engine step",
            NODE,
            ENGINE);
    public static final Setting<Integer> MAX_QUEUED = fixed(
            "max-queued",
            ValueType.integer(0, 1 << 20),
            1024,
            "sequences that wait in a node before new ones are refused",
            NODE);
    public static final Setting<Boolean> PREFIX_CACHING =
            fixed("prefix-caching", ValueType.bool(), true, "whether KV blocks of finished sequences are reused", NODE);
    public static final Setting<String> HASH_SEED = fixed(
            "hash-seed", ValueType.text("TEXT"), "0", "seed of the block hashes; the same on nodes that share", NODE);
    public static final Setting<Duration> RESERVATION_TIMEOUT = fixed(
            "reservation-timeout",
            ValueType.seconds(1),
            Duration.ofSeconds(300),
            "how long a decode node keeps blocks for an incoming KV cache, and a prefill node a prompt to be pulled",
            NODE);
    public static final Setting<Duration> RESERVE_PATIENCE = fixed(
            "reserve-patience",
            ValueType.seconds(1),
            Duration.ofSeconds(30),
            "how long a request waits for KV blocks on a decode node before it is refused",
            NODE);
    public static final Setting<Duration> DRAIN_TIMEOUT = fixed(
            "drain-timeout",
            ValueType.seconds(0),
            Duration.ofSeconds(30),
            "how long running requests may take to finish after SIGTERM or drain; other nodes go on with the rest, a gateway ends it",
            NODE,
            GATEWAY);
    public static final Setting<Duration> FAILOVER_PATIENCE = fixed(
            "failover-patience",
            ValueType.seconds(0),
            FailoverPolicy.DEFAULT.patience(),
            "how long a request that no live node can serve waits for one",
            FAILOVER);
    public static final Setting<Duration> HEARTBEAT_LIMIT = fixed(
            "heartbeat-limit",
            ValueType.seconds(1),
            FailoverPolicy.DEFAULT.heartbeatLimit(),
            "a node that is silent for so long counts as hung; it shows twice a second that it lives",
            FAILOVER);
    public static final Setting<Integer> MAX_NODE_DEATHS = fixed(
            "max-node-deaths",
            ValueType.integer(1, 1000),
            FailoverPolicy.DEFAULT.maxNodeDeaths(),
            "nodes that may die in a row under one request before it is refused as their killer",
            FAILOVER);
    public static final Setting<String> KV_LOAD_FAILURE = fixed(
            "kv-load-failure",
            ValueType.choice("fail", "recompute"),
            FailoverPolicy.DEFAULT.kvLoadFailure().wireName(),
            "what a failed KV transfer leads to: an error, or the decode node computes the prompt",
            FAILOVER,
            NODE);
    public static final Setting<String> TOOL_CALL_PARSER = fixed(
            "tool-call-parser",
            ValueType.choice("NAME|auto|none", parsers(ToolFormat.allNames())),
            SurfaceOptions.AUTO,
            "how tool calls are read from answers, such as hermes; auto: as the chat template shows them",
            ANSWERS);
    public static final Setting<String> REASONING_PARSER = fixed(
            "reasoning-parser",
            ValueType.choice("NAME|auto|none", parsers(ReasoningFormat.allNames())),
            SurfaceOptions.AUTO,
            "how thoughts are told from answers, such as qwen3; auto: as the chat template shows them",
            ANSWERS);
    public static final Setting<String> API_KEY = secret("api-key", "key that chat sends", CHAT);
    public static final Setting<String> LOG_LEVEL = fixed(
            "log-level",
            ValueType.choice("error", "warn", "info", "debug", "trace"),
            "info",
            "least important log lines that are shown",
            LOG);

    private Settings() {}

    /** All settings, in the order of the documentation. */
    public static List<Setting<?>> all() {
        return List.copyOf(TABLE);
    }

    /** The settings that any of the parts heeds. */
    public static List<Setting<?>> of(Set<Part> parts) {
        return TABLE.stream()
                .filter(setting -> setting.parts().stream().anyMatch(parts::contains))
                .toList();
    }

    /** The setting of that name. */
    public static Optional<Setting<?>> named(String name) {
        return TABLE.stream().filter(setting -> setting.name().equals(name)).findFirst();
    }

    private static List<String> parsers(List<String> names) {
        return Stream.concat(Stream.of(SurfaceOptions.AUTO, SurfaceOptions.NONE), names.stream())
                .toList();
    }

    private static <T> Setting<T> fixed(String name, ValueType<T> type, T fallback, String description, Part... parts) {
        return add(new Setting<>(name, type, Optional.of(fallback), "", description, Set.of(parts), false));
    }

    private static <T> Setting<T> computed(
            String name, ValueType<T> type, String fallbackNote, String description, Part... parts) {
        return add(new Setting<>(name, type, Optional.empty(), fallbackNote, description, Set.of(parts), false));
    }

    private static <T> Setting<T> computedValue(
            String name, ValueType<T> type, T fallback, String fallbackNote, String description, Part... parts) {
        return add(new Setting<>(name, type, Optional.of(fallback), fallbackNote, description, Set.of(parts), false));
    }

    private static Setting<String> secret(String name, String description, Part... parts) {
        return add(
                new Setting<>(name, ValueType.text("KEY"), Optional.empty(), "none", description, Set.of(parts), true));
    }

    private static <T> Setting<T> add(Setting<T> setting) {
        TABLE.add(setting);
        return setting;
    }
}
