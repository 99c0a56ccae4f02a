package io.yuebing.kv;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Carries the tokens of a sequence from the blocks of one KV cache to the blocks of another, whatever both layouts are.
 *
 * <p>What both hold is carried: their common layers and heads. Everything else in the target stays as it is. Position p
 * lies in the source in block {@code fromBlocks[p / from.blockSize()]}, in the target in
 * {@code toBlocks[p / to.blockSize()]}.
 *
 * <p>Pure computation over memory that others own. Keeps scratch memory: for one thread at a time.
 */
public final class KvConversion {
    /** Consecutive blocks that are converted in one loop nest; more would not be faster. */
    private static final int MOST_BLOCKS = 64;

    private final KvLayout from;
    private final KvLayout to;
    private final Range layers;
    private final Range heads;
    private final boolean casts;
    private final List<PlanePair> pairs = new ArrayList<>();
    private final Map<Box, List<LoopNest>> nests = new HashMap<>();

    /**
     * The same side in both layouts.
     *
     * @param both whether the values follow the keys at a fixed distance on both sides, and this stands for both
     */
    private record PlanePair(KvPlane from, KvPlane to, boolean both, RowCast cast) {}

    /**
     * Full blocks, or a part of one.
     *
     * @param blocks consecutive blocks on both sides
     * @param tokens of each
     */
    private record Piece(int fromBlock, int fromToken, int toBlock, int toToken, int blocks, int tokens) {}

    /** What one set of loop nests copies. */
    private record Box(int layers, int blocks, int tokens, LoopNest.Loops loops) {}

    private KvConversion(KvLayout from, KvLayout to) {
        this.from = from;
        this.to = to;
        this.layers = from.layers().common(to.layers()).orElseThrow();
        this.heads = from.heads().common(to.heads()).orElseThrow();
        this.casts = ConversionRules.casts(from, to);
        List<KvPlane> sources = from.planes();
        List<KvPlane> targets = to.planes();
        for (int i = 0; i < sources.size(); i++) {
            KvPlane source = sources.get(i);
            KvPlane target = targets.get(i);
            pairs.add(new PlanePair(source, target, false, new RowCast(from, source, to, target)));
        }
        if (!casts && oneDistance(from, sources) && oneDistance(to, targets)) {
            PlanePair keys = pairs.getFirst();
            pairs.clear();
            pairs.add(new PlanePair(keys.from(), keys.to(), true, keys.cast()));
        }
    }

    private static boolean oneDistance(KvLayout layout, List<KvPlane> planes) {
        return planes.size() == 2
                && !layout.separates(KvAxis.KV)
                && planes.getFirst().sameStrides(planes.getLast())
                && planes.getLast().offset() > planes.getFirst().offset();
    }

    /**
     * The conversion that keeps every value, or one that may round.
     *
     * @throws IllegalArgumentException with the sentence of {@link #refusal}
     */
    public static KvConversion between(KvLayout from, KvLayout to, Rounding rounding) {
        refusal(from, to, rounding).ifPresent(difference -> {
            throw new IllegalArgumentException(
                    "KV layouts '" + from.name() + "' and '" + to.name() + "' do not convert: " + difference);
        });
        return new KvConversion(from, to);
    }

    /** Why {@code from} cannot be converted to {@code to}: the first field in which they hold something else. */
    public static Optional<KvDifference> refusal(KvLayout from, KvLayout to, Rounding rounding) {
        return ConversionRules.refusal(from, to, rounding);
    }

    /** Layers of the model that both sides hold. */
    public Range layers() {
        return layers;
    }

    /** KV heads of the model that both sides hold. */
    public Range heads() {
        return heads;
    }

    /** Bytes of the target that {@code tokens} tokens of every common layer and head fill. */
    public long bytes(int tokens) {
        long row = (long) to.headSize() * to.elementType().bytes() * to.planes().size();
        return row * layers.size() * heads.size() * tokens;
    }

    /** Converts the first {@code tokens} tokens of a sequence in every common layer. */
    public void convert(KvTensors source, int[] fromBlocks, KvTensors target, int[] toBlocks, int tokens) {
        convert(layers, source, fromBlocks, target, toBlocks, 0, tokens, _ -> {});
    }

    /**
     * Converts some tokens of a sequence in some layers.
     *
     * @param which of the model's layers, all of them common
     * @param fromBlocks the sequence's blocks in the source
     * @param toBlocks the sequence's blocks in the target
     * @param firstToken position of the first of them
     * @param tokens how many
     * @param progress hears of the tokens that are done, some at a time
     */
    public void convert(
            Range which,
            KvTensors source,
            int[] fromBlocks,
            KvTensors target,
            int[] toBlocks,
            int firstToken,
            int tokens,
            LongConsumer progress) {
        check(which, source, target);
        check("source", from, fromBlocks, firstToken, tokens);
        check("target", to, toBlocks, firstToken, tokens);
        LoopNest.Loops loops = LoopNest.Loops.of(bytes(tokens) / layers.size() * which.size());
        int position = firstToken;
        int end = firstToken + tokens;
        while (position < end) {
            Piece piece = piece(position, end, fromBlocks, toBlocks);
            if (casts) {
                cast(which, piece, source, target);
            } else {
                copy(which, piece, source, target, loops);
                copyScales(which, piece, source, target);
            }
            int done = piece.blocks() * piece.tokens();
            position += done;
            progress.accept(done);
        }
    }

    private void check(Range which, KvTensors source, KvTensors target) {
        if (!source.layout().equals(from) || !target.layout().equals(to)) {
            throw new IllegalArgumentException("this conversion is from " + from + " to " + to);
        }
        if (layers.common(which).filter(which::equals).isEmpty()) {
            throw new IllegalArgumentException("layers " + which + " are not among the common layers " + layers);
        }
    }

    private static void check(String side, KvLayout layout, int[] blocks, int firstToken, int tokens) {
        if (firstToken < 0 || tokens < 0 || firstToken + (long) tokens > (long) blocks.length * layout.blockSize()) {
            throw new IllegalArgumentException("tokens " + firstToken + " to " + (firstToken + (long) tokens - 1)
                    + " do not lie in the " + side + "'s " + blocks.length + " blocks of " + layout.blockSize());
        }
        for (int block : blocks) {
            if (block < 0 || block >= layout.blocks()) {
                throw new IllegalArgumentException(
                        "block " + block + " is not one of the " + side + "'s " + layout.blocks() + " blocks");
            }
        }
    }

    private Piece piece(int position, int end, int[] fromBlocks, int[] toBlocks) {
        int fromSize = from.blockSize();
        int toSize = to.blockSize();
        int i = position / fromSize;
        int j = position / toSize;
        int fromToken = position % fromSize;
        int toToken = position % toSize;
        int tokens = Math.min(end - position, Math.min(fromSize - fromToken, toSize - toToken));
        int blocks = 1;
        if (tokens == fromSize && tokens == toSize) {
            while (blocks < MOST_BLOCKS
                    && position + (blocks + 1) * tokens <= end
                    && fromBlocks[i + blocks] == fromBlocks[i] + blocks
                    && toBlocks[j + blocks] == toBlocks[j] + blocks) {
                blocks++;
            }
        }
        return new Piece(fromBlocks[i], fromToken, toBlocks[j], toToken, blocks, tokens);
    }

    private void copy(Range which, Piece piece, KvTensors source, KvTensors target, LoopNest.Loops loops) {
        boolean separate = from.separates(KvAxis.LAYER) || to.separates(KvAxis.LAYER);
        int together = separate ? 1 : which.size();
        Box box = new Box(together, piece.blocks(), piece.tokens(), loops);
        List<LoopNest> perPair = nests.computeIfAbsent(box, this::nests);
        for (int layer = which.from(); layer < which.to(); layer += together) {
            for (int i = 0; i < pairs.size(); i++) {
                PlanePair pair = pairs.get(i);
                perPair.get(i)
                        .copy(
                                tensor(source, layer, pair.from().side()),
                                at(from, pair.from(), layer, piece.fromBlock(), heads.from(), piece.fromToken()),
                                tensor(target, layer, pair.to().side()),
                                at(to, pair.to(), layer, piece.toBlock(), heads.from(), piece.toToken()));
            }
        }
    }

    private static MemorySegment tensor(KvTensors tensors, int layer, KvSide side) {
        return tensors.tensor(layer - tensors.layout().layers().from(), side);
    }

    /** Byte offset of the first element of a row; layer and head are the model's. */
    private static long at(KvLayout layout, KvPlane plane, int layer, int block, int head, int token) {
        return plane.offset()
                + (layer - layout.layers().from()) * layout.stride(KvAxis.LAYER)
                + block * layout.stride(KvAxis.BLOCK)
                + (head - layout.heads().from()) * plane.head()
                + token * plane.token();
    }

    private List<LoopNest> nests(Box box) {
        List<LoopNest> loops = new ArrayList<>();
        for (PlanePair pair : pairs) {
            List<LoopNest.Digit> digits = new ArrayList<>();
            digits.add(new LoopNest.Digit(box.layers(), from.stride(KvAxis.LAYER), to.stride(KvAxis.LAYER)));
            digits.add(new LoopNest.Digit(box.blocks(), from.stride(KvAxis.BLOCK), to.stride(KvAxis.BLOCK)));
            digits.add(new LoopNest.Digit(
                    heads.size(), pair.from().head(), pair.to().head()));
            digits.add(new LoopNest.Digit(
                    box.tokens(), pair.from().token(), pair.to().token()));
            if (pair.both()) {
                digits.add(new LoopNest.Digit(2, distance(from), distance(to)));
            }
            addChannels(digits, pair.from(), pair.to());
            loops.add(LoopNest.of(from.elementType().bytes(), digits, box.loops()));
        }
        return loops;
    }

    private static long distance(KvLayout layout) {
        List<KvPlane> planes = layout.planes();
        return planes.getLast().offset() - planes.getFirst().offset();
    }

    /** The coarsest digits of the channel index whose strides are fixed on both sides; all x are powers of two. */
    private void addChannels(List<LoopNest.Digit> digits, KvPlane source, KvPlane target) {
        int channels = from.headSize();
        int[] cuts = {
            Math.min(
                    source.channels().getLast().size(),
                    target.channels().getLast().size()),
            Math.max(
                    source.channels().getLast().size(),
                    target.channels().getLast().size()),
            channels
        };
        int weight = 1;
        for (int cut : cuts) {
            digits.add(new LoopNest.Digit(cut / weight, source.channelStride(weight), target.channelStride(weight)));
            weight = cut;
        }
    }

    private void cast(Range which, Piece piece, KvTensors source, KvTensors target) {
        for (PlanePair pair : pairs) {
            KvSide side = pair.from().side();
            for (int layer = which.from(); layer < which.to(); layer++) {
                MemorySegment in = tensor(source, layer, side);
                MemorySegment out = tensor(target, layer, side);
                for (int i = 0; i < piece.blocks() * heads.size() * piece.tokens(); i++) {
                    int token = i % piece.tokens();
                    int head = heads.from() + i / piece.tokens() % heads.size();
                    int block = i / piece.tokens() / heads.size();
                    int fromBlock = piece.fromBlock() + block;
                    int toBlock = piece.toBlock() + block;
                    pair.cast()
                            .convert(
                                    in,
                                    at(from, pair.from(), layer, fromBlock, head, piece.fromToken() + token),
                                    scaleAt(from, side, layer, fromBlock, head, piece.fromToken() + token),
                                    out,
                                    at(to, pair.to(), layer, toBlock, head, piece.toToken() + token),
                                    scaleAt(to, side, layer, toBlock, head, piece.toToken() + token));
                }
            }
        }
    }

    private void copyScales(Range which, Piece piece, KvTensors source, KvTensors target) {
        KvScales sourceScales = from.scales();
        KvScales targetScales = to.scales();
        if (sourceScales == null || targetScales == null) {
            return;
        }
        MemorySegment in = source.tensors().getFirst();
        MemorySegment out = target.tensors().getFirst();
        for (KvPlane plane : from.planes()) {
            for (int layer = which.from(); layer < which.to(); layer++) {
                for (int i = 0; i < piece.blocks() * heads.size() * piece.tokens(); i++) {
                    int token = i % piece.tokens();
                    int head = heads.from() + i / piece.tokens() % heads.size();
                    int block = i / piece.tokens() / heads.size();
                    float scale = ElementCodec.read(
                            sourceScales.type(),
                            in,
                            scaleAt(
                                    from,
                                    plane.side(),
                                    layer,
                                    piece.fromBlock() + block,
                                    head,
                                    piece.fromToken() + token));
                    ElementCodec.write(
                            targetScales.type(),
                            out,
                            scaleAt(to, plane.side(), layer, piece.toBlock() + block, head, piece.toToken() + token),
                            scale);
                }
            }
        }
    }

    private static long scaleAt(KvLayout layout, KvSide side, int layer, int block, int head, int token) {
        KvScales scales = layout.scales();
        if (scales == null) {
            return 0;
        }
        return scales.at(
                layer - layout.layers().from(),
                side,
                block,
                head - layout.heads().from(),
                token);
    }
}
