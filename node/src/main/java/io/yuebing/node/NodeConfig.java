package io.yuebing.node;

import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.NodeRole;
import io.yuebing.dialect.SurfaceOptions;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import io.yuebing.model.Models;
import io.yuebing.transfer.TransferProtocol;
import io.yuebing.transfer.TransferSecurity;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a node runs.
 *
 * @param role what it does
 * @param model directory of the model, or its GGUF file
 * @param weightCache where repacked weights are kept; empty = nowhere
 * @param crashDirectory where steps that fail are kept; empty = nowhere
 * @param servedModelName name that clients use
 * @param host address of the HTTP surface
 * @param port port of the HTTP surface; 0 = any free one
 * @param transferHost address on which KV blocks are received
 * @param transferPort port on which KV blocks are received; 0 = any free one
 * @param transferAdvertise {@code HOST:PORT} under which other nodes reach the transfer port; empty = as it is bound
 * @param transferProtocol how KV blocks travel
 * @param cards how transfers are spread over network cards
 * @param transferSecurity how the nodes at both ends know each other
 * @param insecureTransfer whether to receive KV blocks beyond loopback without knowing who sends them
 * @param transferType what the elements of KV blocks are on their way; the same on all nodes
 * @param threads threads that compute
 * @param kernels loops that compute: auto, native, java or scalar
 * @param compute arithmetic of quantised matrix products
 * @param kvType element type of the KV cache
 * @param blockSize tokens in a KV block
 * @param kvBlocks blocks in the KV cache; empty = from {@code kvMemoryBytes}
 * @param kvMemoryBytes memory for the KV cache; empty = chosen from the machine's memory and the model
 * @param maxModelLength longest sequence; empty = the model's own limit
 * @param maxBatchedTokens token budget of a step
 * @param maxSequences sequences that run at once
 * @param maxQueuedSequences sequences that wait before new ones are refused
 * @param prefixCaching whether blocks of finished sequences are reused
 * @param hashSeed seed of the block hashes; the same on all nodes that share caches
 * @param reservationTimeout how long a reservation for an incoming KV cache lasts
 * @param reservePatience how long a request waits for room in the KV cache before it is refused
 * @param kvLoadFailure what a failed pull leads to, unless the request says otherwise
 * @param gateway where to register; empty = the gateway knows this node by its own list
 * @param surface limits and habits of the HTTP surface
 */
public record NodeConfig(
        NodeRole role,
        Path model,
        Optional<Models.CacheOptions> weightCache,
        Optional<Path> crashDirectory,
        String servedModelName,
        String host,
        int port,
        String transferHost,
        int transferPort,
        Optional<String> transferAdvertise,
        TransferProtocol transferProtocol,
        CardSharing cards,
        TransferSecurity transferSecurity,
        boolean insecureTransfer,
        KvTransferType transferType,
        int threads,
        String kernels,
        ComputeMode compute,
        ElementType kvType,
        int blockSize,
        Optional<Integer> kvBlocks,
        Optional<Long> kvMemoryBytes,
        Optional<Integer> maxModelLength,
        int maxBatchedTokens,
        int maxSequences,
        int maxQueuedSequences,
        boolean prefixCaching,
        String hashSeed,
        Duration reservationTimeout,
        Duration reservePatience,
        KvLoadFailurePolicy kvLoadFailure,
        Optional<URI> gateway,
        SurfaceOptions surface) {}
