package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.UserError;
import io.yuebing.engine.BlockReservation;
import io.yuebing.engine.KvPrefix;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.NoticeListener;
import io.yuebing.transfer.Payload;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.ScratchSegment;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferServer;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.TransferServerStats;
import io.yuebing.transfer.WriteGuard;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node offers at its transfer port. To those who push: promised blocks, which verified writes fill and the engine
 * takes over. To those who pull: prompts that it has computed and keeps.
 *
 * <p>The cache's memory must outlive the receiver.
 */
public final class KvReceiver implements AutoCloseable {
    /** Name of the segment that a decode node offers. */
    static final String SEGMENT = "kv";

    private static final Logger log = LoggerFactory.getLogger(KvReceiver.class);

    private final KvReceiverOptions options;
    private final BlockSource blocks;
    private final KvConversions conversions;
    private final ReservationTable reservations;
    private final KvLeases leases;
    private final TransferServer server;
    private final ScratchSegment scratch;

    private KvReceiver(
            KvReceiverOptions options,
            BlockSource blocks,
            KvConversions conversions,
            ReservationTable reservations,
            KvLeases leases,
            TransferServer server,
            ScratchSegment scratch) {
        this.options = options;
        this.blocks = blocks;
        this.conversions = conversions;
        this.reservations = reservations;
        this.leases = leases;
        this.server = server;
        this.scratch = scratch;
    }

    /**
     * Starts to listen.
     *
     * @param cache the engine's cache
     * @param blocks {@code engine::reserve}
     * @throws UserError if the address cannot be bound
     */
    public static KvReceiver start(KvCache cache, BlockSource blocks, KvReceiverOptions options, TimeSource time) {
        KvLayout layout = cache.layout();
        KvConversions conversions = new KvConversions();
        TravellingBlocks travelling = new TravellingBlocks(layout, options.transferType(), conversions);
        ReservationTable reservations = new ReservationTable(travelling, time, options.maxReservations());
        KvLeases leases = new KvLeases(travelling, time, options.lease());
        Segment segment = new Segment(
                SEGMENT,
                cache.memory(),
                new Tickets(reservations, leases),
                leases,
                LayoutGreeting.ofOwner(new LayoutHello(
                        options.nodeName(),
                        Optional.of(options.engineId()),
                        layout,
                        cache.groups(),
                        options.furtherHosts(),
                        options.transferType())),
                NoticeListener.IGNORE);
        ScratchSegment scratch = new ScratchSegment();
        TransferServerOptions serverOptions = TransferServerOptions.listening(
                        options.bindHost(), options.bindPort(), Math.toIntExact(layout.blockBytes()))
                .withFurtherHosts(options.furtherHosts())
                .withSecurity(options.security(), options.insecure());
        try {
            TransferServer server = options.protocol().serve(serverOptions, List.of(segment, scratch.segment()), time);
            log.info(
                    "takes in KV cache over {} on {}, advertised as {}:{}",
                    options.protocol().name(),
                    server.address(),
                    options.advertisedHost(),
                    server.address().getPort());
            return new KvReceiver(options, blocks, conversions, reservations, leases, server, scratch);
        } catch (IOException e) {
            leases.close();
            reservations.close();
            scratch.close();
            throw new UserError(String.valueOf(e.getMessage()), e);
        }
    }

    /** Port of the transfer server. */
    public int port() {
        return server.address().getPort();
    }

    /** Where prefill nodes reach the transfer server. */
    public PeerAddress address() {
        return new PeerAddress(options.advertisedHost(), port());
    }

    /**
     * Promises blocks for tokens that somebody else computes. Those that are cached here need not be sent. The blocks are given back by {@link #release}, by the deadline, or taken.
     *
     * @throws ServiceException with code {@code OVERLOADED} if there is no room
     */
    public KvTransferParams reserve(KvPrefix prefix) throws InterruptedException {
        int promptTokens = prefix.tokens().length;
        if (promptTokens < 1) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "a KV reservation needs a prompt of at least 1 token, got " + promptTokens,
                    "tokens");
        }
        BlockReservation reserved = blocks.reserve(prefix, options.patience());
        ReservationTable.Lease lease;
        try {
            lease = reservations.open(reserved, reserved.blockIds().length, options.lease());
        } catch (RuntimeException e) {
            reserved.close();
            throw e;
        }
        return new KvTransferParams(
                true,
                false,
                lease.id().toString(),
                lease.generation(),
                options.advertisedHost(),
                port(),
                Arrays.stream(reserved.blockIds()).boxed().toList(),
                reserved.cachedBlocks(),
                lease.deadlineMillis());
    }

    /**
     * Waits until the KV cache of a reservation has arrived completely and hands its blocks over, at the latest at the
     * reservation's deadline.
     *
     * @throws ServiceException if the reservation is unknown, was released or expired
     * @throws InterruptedException if interrupted while waiting; release the reservation then
     */
    public BlockReservation take(KvTransferParams params) throws InterruptedException {
        return reservations.take(transferId(params.transferId()), params.generation());
    }

    /**
     * Gives a reservation's blocks back.
     *
     * @return false if it had ended before
     */
    public boolean release(String transferId, long generation) {
        return reservations.release(transferId(transferId), generation);
    }

    private static UUID transferId(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "transfer_id must be a UUID as handed out with the reservation, got '" + text + "'",
                    "kv_transfer_params",
                    e);
        }
    }

    /**
     * Keeps a prompt that is about to be computed for somebody who pulls it: until it is read and released, or until the
     * lease expires.
     *
     * @param name unique per prompt
     */
    public KeptPrompt keep(String name, String host, int port) {
        return new KeptPrompt(
                leases,
                name,
                blockIds -> new KvPull(
                        options.engineId(),
                        name,
                        host,
                        port,
                        Arrays.stream(blockIds).boxed().toList(),
                        1));
    }

    public LeaseStats leaseStats() {
        return leases.stats();
    }

    public ReservationStats reservationStats() {
        return reservations.stats();
    }

    public TransferServerStats serverStats() {
        return server.stats();
    }

    /** Blocks that were not written as they arrived. */
    public KvConversions conversions() {
        return conversions;
    }

    /** KV bytes by the host that sent or read them. */
    public Map<String, PeerTraffic.Bytes> traffic() {
        return server.traffic();
    }

    /** Stops listening, releases every reservation and every kept prompt; nobody touches the cache after this returns. */
    @Override
    public void close() {
        reservations.close();
        server.close();
        leases.close();
        scratch.close();
    }

    /** Writes go into reservations; whoever gives a ticket up means one or the other. */
    private record Tickets(ReservationTable reservations, KvLeases leases) implements WriteGuard {
        @Override
        public Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment memory) {
            return reservations.apply(slice, payload, memory);
        }

        @Override
        public void dropped(UUID ticket, long generation) {
            if (!leases.release(ticket)) {
                reservations.dropped(ticket, generation);
            }
        }
    }
}
