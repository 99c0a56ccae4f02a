package io.yuebing.cli.kv;

import io.yuebing.api.UserError;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvRows;
import io.yuebing.kv.KvScales;
import io.yuebing.kv.KvSide;
import io.yuebing.kv.KvTensors;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** What {@code kv inspect} prints: the layout, and what the values are like. */
public final class CacheReport {
    private static final int SHOWN_VALUES = 8;
    private static final int SHOWN_RANGES = 16;

    private final LayoutFile layout;
    private final CacheFiles files;
    private final Place place;
    private final BitSet used = new BitSet();
    private final List<Row> rows = new ArrayList<>();
    private final List<String> values = new ArrayList<>();

    /**
     * Whose values are shown; null is the first. Layer and head are the model's.
     *
     * @param layer of the model
     * @param block of the cache
     * @param head of the model
     * @param token within the block
     */
    public record Place(
            @Nullable Integer layer,
            @Nullable Integer block,
            @Nullable Integer head,
            @Nullable Integer token) {}

    /** Statistics of one side of one layer on one rank. */
    private record Row(int rank, int layer, KvSide side, ValueStatistics statistics) {}

    private CacheReport(LayoutFile layout, CacheFiles files, Place place) {
        this.layout = layout;
        this.files = files;
        this.place = place;
    }

    /**
     * Checks the files and what is to be shown.
     *
     * @throws UserError if a size or index does not fit
     */
    public static CacheReport of(LayoutFile layout, List<Path> paths, Place place) {
        if (paths.size() != layout.descriptor().files()) {
            throw new UserError("expected as many files as " + layout.path() + " describes, "
                    + layout.descriptor().files() + ", got " + paths.size());
        }
        CacheFiles files = new CacheFiles(layout, paths);
        files.checkInputs();
        KvLayout first = layout.rank(0);
        KvLayout last = layout.descriptor().ranks().getLast();
        check("--layer", place.layer(), first.layers().from(), first.layers().to() - 1);
        check("--block", place.block(), 0, first.blocks() - 1);
        check("--head", place.head(), first.heads().from(), last.heads().to() - 1);
        check("--token", place.token(), 0, first.blockSize() - 1);
        return new CacheReport(layout, files, place);
    }

    private static void check(String option, @Nullable Integer value, int least, int most) {
        if (value != null && (value < least || value > most)) {
            throw new UserError(option + ": expected an integer from " + least + " to " + most + ", got " + value);
        }
    }

    /** Bytes of all files. */
    public long bytes() {
        return files.bytes();
    }

    /** Reads every value. */
    public void scan(LongConsumer progress) {
        try (Arena arena = Arena.ofConfined()) {
            List<KvTensors> ranks = files.read(arena);
            for (int rank = 0; rank < ranks.size(); rank++) {
                scan(rank, ranks.get(rank), progress);
            }
            for (int rank = 0; rank < ranks.size(); rank++) {
                show(ranks.get(rank));
            }
        }
    }

    private void scan(int rank, KvTensors cache, LongConsumer progress) {
        KvLayout shape = cache.layout();
        KvRows reader = new KvRows(cache);
        float[] row = new float[shape.headSize()];
        long blockBytes = (long) shape.blockSize()
                * shape.heads().size()
                * row.length
                * shape.elementType().bytes();
        for (int layer = 0; layer < shape.layers().size(); layer++) {
            for (KvSide side : reader.sides()) {
                ValueStatistics statistics = new ValueStatistics();
                for (int block = 0; block < shape.blocks(); block++) {
                    for (int head = 0; head < shape.heads().size(); head++) {
                        for (int token = 0; token < shape.blockSize(); token++) {
                            reader.read(layer, side, block, head, token, row);
                            if (statistics.add(row)) {
                                used.set(block);
                            }
                        }
                    }
                    progress.accept(blockBytes);
                }
                rows.add(new Row(rank, shape.layers().from() + layer, side, statistics));
            }
        }
    }

    /** The first values of the chosen rows, from the first rank that holds them. */
    private void show(KvTensors cache) {
        KvLayout shape = cache.layout();
        int layer = place.layer() == null ? shape.layers().from() : place.layer();
        int head = place.head() == null ? shape.heads().from() : place.head();
        int block = place.block() == null ? Math.max(0, used.nextSetBit(0)) : place.block();
        int token = place.token() == null ? 0 : place.token();
        if (!values.isEmpty()
                || head < shape.heads().from()
                || head >= shape.heads().to()) {
            return;
        }
        values.add("values      layer " + layer + ", block " + block + ", KV head " + head + ", token " + token);
        KvRows reader = new KvRows(cache);
        float[] row = new float[shape.headSize()];
        for (KvSide side : reader.sides()) {
            reader.read(
                    layer - shape.layers().from(),
                    side,
                    block,
                    head - shape.heads().from(),
                    token,
                    row);
            StringBuilder line = new StringBuilder("  " + padded(name(side), 10));
            for (int i = 0; i < Math.min(SHOWN_VALUES, row.length); i++) {
                line.append(' ').append(row[i]);
            }
            values.add(line + (row.length > SHOWN_VALUES ? " ... (" + row.length + " channels)" : ""));
        }
    }

    /** Prints the report. */
    public void print(PrintWriter out) {
        for (int rank = 0; rank < layout.descriptor().ranks().size(); rank++) {
            printLayout(out, rank);
        }
        out.println("bytes       " + bytes() + " (" + Amounts.bytes(bytes()) + ") in "
                + layout.descriptor().files() + (layout.descriptor().files() == 1 ? " file" : " files")
                + ", as described");
        int blocks = layout.rank(0).blocks();
        BitSet zero = (BitSet) used.clone();
        zero.flip(0, blocks);
        out.println("blocks      " + blocks + ": " + used.cardinality() + " used" + ranges(used) + ", "
                + zero.cardinality() + " zero" + ranges(zero));
        printStatistics(out);
        values.forEach(out::println);
        out.flush();
    }

    private void printLayout(PrintWriter out, int rank) {
        KvLayout shape = layout.rank(rank);
        boolean several = layout.descriptor().ranks().size() > 1;
        out.println("layout      " + shape.name() + ", " + shape.elementType().wireName() + ", " + name(shape.holding())
                + (several ? ", rank " + rank : ""));
        out.println("holds       layers " + shape.layers() + ", KV heads " + shape.heads() + ", " + shape.blocks()
                + " blocks of " + shape.blockSize() + " tokens, head size " + shape.headSize());
        for (int i = 0; i < shape.axes().size(); i++) {
            KvAxis axis = shape.axes().get(i);
            String stride = i < shape.separate()
                    ? "separate tensors"
                    : "stride " + shape.strides().get(i) + " bytes";
            out.println("  " + padded(name(axis), 10)
                    + padded(String.valueOf(shape.sizes().get(i)), 8) + stride);
        }
        KvScales scales = shape.scales();
        if (scales != null) {
            out.println("scales      " + scales.type().wireName() + " along " + scales.axes() + ", from byte "
                    + scales.offset());
        }
    }

    private void printStatistics(PrintWriter out) {
        boolean several = layout.descriptor().ranks().size() > 1;
        out.println((several ? "rank  " : "") + padded("layer", 7) + padded("side", 8) + padded("min", 14)
                + padded("max", 14) + padded("mean", 14) + padded("NaN", 10) + "infinite");
        for (Row row : rows) {
            ValueStatistics s = row.statistics();
            out.println((several ? padded(String.valueOf(row.rank()), 6) : "")
                    + padded(String.valueOf(row.layer()), 7)
                    + padded(name(row.side()), 8)
                    + padded(s.min(), 14)
                    + padded(s.max(), 14)
                    + padded(s.mean(), 14)
                    + padded(String.valueOf(s.nan()), 10)
                    + s.infinite());
        }
    }

    /** {@code  (0, 3-4)}; only the first ones of many. */
    private static String ranges(BitSet blocks) {
        if (blocks.isEmpty()) {
            return "";
        }
        List<String> parts = new ArrayList<>();
        for (int from = blocks.nextSetBit(0); from >= 0; ) {
            if (parts.size() == SHOWN_RANGES) {
                parts.add("...");
                break;
            }
            int to = blocks.nextClearBit(from) - 1;
            parts.add(from == to ? String.valueOf(from) : from + "-" + to);
            from = blocks.nextSetBit(to + 1);
        }
        return " (" + String.join(", ", parts) + ")";
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String padded(String text, int width) {
        return text.length() >= width ? text + " " : text + " ".repeat(width - text.length());
    }
}
