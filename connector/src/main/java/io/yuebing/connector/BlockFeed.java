package io.yuebing.connector;

import io.yuebing.api.KvTransferParams;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells which of the receiver's blocks are final, as the engine announces its own, with their bytes.
 *
 * <p>With equal layouts these are the engine's blocks themselves. Where block sizes differ they are put together from
 * them; where they travel as codes each is rounded. For the push's thread.
 */
final class BlockFeed implements AutoCloseable {
    /** Slices that are sent, acknowledged and repeated together hold about this many bytes. */
    static final long CHUNK_BYTES = 1 << 20;

    private final KvCache cache;
    private final KvTransferParams target;
    private final KvLayout travelling;
    private final int chunkBlocks;
    private final boolean sameBlockSize;
    private final @Nullable BlockStaging staging;
    private final int[] writtenBlocks;
    private final int[] fed;
    private int announced;
    private int[] local = new int[0];

    /** Blocks of the receiver, by their index in the prompt, with the memory that is held for them. */
    record Blocks(List<MemorySegment> bytes, @Nullable MemorySegment buffer) {}

    /**
     * Some of the receiver's blocks in one layer.
     *
     * @param first index in the prompt
     */
    record Piece(int layer, int first, int count) {}

    /**
     * @param remote layout of the receiver's cache
     * @param type how its blocks travel
     * @param conversions counts those that are converted
     */
    BlockFeed(KvCache cache, KvLayout remote, KvTransferParams target, KvTransferType type, KvConversions conversions) {
        this.cache = cache;
        this.target = target;
        this.travelling = type.travelling(remote);
        this.chunkBlocks = Math.toIntExact(Math.max(1, CHUNK_BYTES / travelling.blockBytes()));
        this.sameBlockSize = cache.layout().blockSize() == remote.blockSize();
        boolean equal = cache.layout().mismatch(travelling).isEmpty();
        this.staging = equal ? null : new BlockStaging(cache, travelling, chunkBlocks, conversions);
        int layers = cache.layout().size(KvAxis.LAYER);
        this.writtenBlocks = new int[layers];
        this.fed = new int[layers];
        Arrays.fill(fed, target.cachedBlocks());
    }

    /** Bytes of one of the receiver's blocks in one layer, on its way. */
    long blockBytes() {
        return travelling.blockBytes();
    }

    /** What the receiver has had of the prompt before, in all layers. */
    long cachedBytes() {
        return target.cachedBlocks() * blockBytes() * fed.length;
    }

    /**
     * Takes blocks that are final in a layer.
     *
     * @return the receiver's blocks that are final by it and not cached there
     */
    List<Piece> written(int layer, int first, int[] ids) throws TransferException {
        int end = first + ids.length;
        if (local.length < end) {
            local = Arrays.copyOf(local, Math.max(end, 2 * local.length));
        }
        System.arraycopy(ids, 0, local, first, ids.length);
        int reserved = target.remoteBlockIds().size();
        if (sameBlockSize) {
            requireReserved(end, reserved);
            int from = Math.max(first, target.cachedBlocks());
            announced += Math.max(0, end - from);
            return pieces(layer, from, end);
        }
        writtenBlocks[layer] = end;
        requireReserved(((end - 1) * cache.layout().blockSize()) / travelling.blockSize() + 1, reserved);
        return upTo(layer, Math.min(reserved, end * cache.layout().blockSize() / travelling.blockSize()));
    }

    private static void requireReserved(int needed, int reserved) throws TransferException {
        if (needed > reserved) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED, "the prompt needs block " + needed + ", the reservation has " + reserved);
        }
    }

    /**
     * The prompt is complete: what is left are blocks that its last tokens do not fill.
     *
     * @throws TransferException if blocks are missing: the decode node waits for every slice of its reservation, and one
     *     too few would let it wait for its deadline
     */
    List<Piece> complete(int tokens) throws TransferException {
        int reserved = target.remoteBlockIds().size();
        int expected = fed.length * (reserved - target.cachedBlocks());
        int found = announced;
        for (int written : writtenBlocks) {
            int ends = Math.ceilDiv(Math.min(tokens, written * cache.layout().blockSize()), travelling.blockSize());
            found += Math.max(0, ends - target.cachedBlocks());
        }
        if (found != expected) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "the prompt has " + found + " blocks over all layers, the reservation expects " + expected
                            + "; it was made for another prompt");
        }
        List<Piece> rest = new ArrayList<>();
        for (int layer = 0; !sameBlockSize && layer < fed.length; layer++) {
            rest.addAll(upTo(layer, reserved));
        }
        return rest;
    }

    private List<Piece> upTo(int layer, int end) {
        List<Piece> pieces = pieces(layer, fed[layer], end);
        fed[layer] = Math.max(fed[layer], end);
        return pieces;
    }

    private List<Piece> pieces(int layer, int from, int end) {
        List<Piece> pieces = new ArrayList<>();
        for (int first = from; first < end; first += chunkBlocks) {
            pieces.add(new Piece(layer, first, Math.min(chunkBlocks, end - first)));
        }
        return pieces;
    }

    /** The bytes of blocks that are final, until they are {@link #giveBack given back}. */
    Blocks blocks(Piece piece) {
        if (staging == null) {
            List<MemorySegment> bytes = new ArrayList<>(piece.count());
            for (int i = piece.first(); i < piece.first() + piece.count(); i++) {
                bytes.add(cache.block(piece.layer(), local[i]));
            }
            return new Blocks(bytes, null);
        }
        MemorySegment buffer = staging.take();
        if (sameBlockSize) {
            int[] ids = Arrays.copyOfRange(local, piece.first(), piece.first() + piece.count());
            staging.gather(piece.layer(), ids, 0, piece.count() * travelling.blockSize(), buffer);
            return new Blocks(staging.blocks(buffer, piece.count()), buffer);
        }
        int[] written = Arrays.copyOf(local, writtenBlocks[piece.layer()]);
        int end = Math.min(
                (piece.first() + piece.count()) * travelling.blockSize(),
                written.length * cache.layout().blockSize());
        staging.gather(piece.layer(), written, piece.first(), end, buffer);
        return new Blocks(staging.blocks(buffer, piece.count()), buffer);
    }

    void giveBack(Blocks blocks) {
        if (staging != null && blocks.buffer() != null) {
            staging.giveBack(blocks.buffer());
        }
    }

    /** Nobody reads the blocks any more. */
    @Override
    public void close() {
        if (staging != null) {
            staging.close();
        }
    }
}
