package io.yuebing.cli;

import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.NodeRole;
import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import io.yuebing.model.Models;
import io.yuebing.node.NodeConfig;
import io.yuebing.node.NodeServer;
import io.yuebing.transfer.TransferProtocols;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns settings into a running node. */
final class NodeStart {
    private NodeStart() {}

    static RunningServer start(Configuration configuration, ModelLocator.Located model, String role) {
        NodeConfig config = new NodeConfig(
                NodeRole.parse(role),
                model.directory(),
                weightCache(configuration),
                Optional.of(crashes(configuration)),
                model.name(),
                configuration.get(Settings.HOST),
                configuration.get(Settings.PORT),
                TransferCards.host(configuration),
                configuration.get(Settings.TRANSFER_PORT),
                configuration.find(Settings.TRANSFER_ADVERTISE),
                TransferProtocols.named(configuration.get(Settings.TRANSFER_PROTOCOL))
                        .orElseThrow(),
                TransferCards.sharing(configuration),
                TransferKeys.read(
                        configuration.find(Settings.TRANSFER_SECRET_FILE),
                        configuration.find(Settings.TRANSFER_TLS_CERT),
                        configuration.find(Settings.TRANSFER_TLS_KEY),
                        configuration.find(Settings.TRANSFER_TLS_CA)),
                configuration.get(Settings.INSECURE_TRANSFER),
                KvTransferType.parse(configuration.get(Settings.KV_TRANSFER_DTYPE)),
                configuration.get(Settings.THREADS),
                configuration.get(Settings.KERNELS),
                ComputeMode.valueOf(configuration.get(Settings.COMPUTE).toUpperCase(Locale.ROOT)),
                ElementType.parse(configuration.get(Settings.KV_DTYPE)),
                configuration.get(Settings.BLOCK_SIZE),
                configuration.find(Settings.KV_BLOCKS),
                configuration.find(Settings.KV_MEMORY),
                configuration.find(Settings.MAX_MODEL_LEN),
                configuration.get(Settings.MAX_NUM_BATCHED_TOKENS),
                configuration.get(Settings.MAX_NUM_SEQS),
                configuration.get(Settings.MAX_QUEUED),
                configuration.get(Settings.PREFIX_CACHING),
                configuration.get(Settings.HASH_SEED),
                configuration.get(Settings.RESERVATION_TIMEOUT),
                configuration.get(Settings.RESERVE_PATIENCE),
                KvLoadFailurePolicy.parse(configuration.get(Settings.KV_LOAD_FAILURE), "--kv-load-failure"),
                configuration.find(Settings.GATEWAY_URL),
                GatewayStart.surface(configuration));
        NodeServer node = NodeServer.start(config, new LoadingLog(model.name()));
        return new RunningServer() {
            @Override
            public URI uri() {
                return node.uri();
            }

            @Override
            public void onDrainRequest(Runnable action) {
                var unused = node.drainRequested().thenRun(action);
            }

            @Override
            public void drain() throws InterruptedException {
                node.drain(configuration.get(Settings.DRAIN_TIMEOUT));
            }

            @Override
            public void close() {
                node.close();
            }
        };
    }

    /** Where repacked weights are kept; empty if they are not. */
    static Optional<Models.CacheOptions> weightCache(Configuration configuration) {
        long limit = configuration.get(Settings.WEIGHT_CACHE);
        return limit == 0
                ? Optional.empty()
                : Optional.of(new Models.CacheOptions(
                        cache(configuration).resolve("weights"), limit, configuration.get(Settings.SHARE_WEIGHTS)));
    }

    private static Path crashes(Configuration configuration) {
        return configuration
                .find(Settings.CRASH_DIR)
                .map(path -> configuration.path(Settings.CRASH_DIR, path))
                .orElseGet(() -> cache(configuration).resolve("crashes"));
    }

    private static Path cache(Configuration configuration) {
        return configuration
                .find(Settings.CACHE)
                .map(path -> configuration.path(Settings.CACHE, path))
                .orElseGet(() -> Path.of(Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                                .filter(home -> !home.isBlank())
                                .orElse(System.getProperty("user.home") + "/.cache"))
                        .resolve("yuebing"));
    }

    /** A line for every tenth of a model that takes long to load. */
    private static final class LoadingLog implements Models.ProgressListener {
        private static final Logger LOG = LoggerFactory.getLogger(LoadingLog.class);
        private static final long QUICK_NANOS = 2_000_000_000L;

        private final String model;
        private final long began = System.nanoTime();
        private long tenths;

        LoadingLog(String model) {
            this.model = model;
        }

        @Override
        public void loaded(long bytes, long totalBytes) {
            long now = totalBytes == 0 ? 10 : 10 * bytes / totalBytes;
            if (now > tenths && System.nanoTime() - began > QUICK_NANOS) {
                tenths = now;
                LOG.info("loading {}: {} % of {} MiB", model, now * 10, totalBytes >> 20);
            }
        }
    }
}
