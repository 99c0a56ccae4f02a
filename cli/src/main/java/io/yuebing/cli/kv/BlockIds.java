package io.yuebing.cli.kv;

import io.yuebing.api.UserError;
import io.yuebing.kv.KvLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks of two caches hold the tokens that are converted.
 *
 * @param from blocks in the source, in order
 * @param to blocks in the target, in order
 * @param tokens from the first slot of the first block on
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record BlockIds(int[] from, int[] to, int tokens) {
    private static final Pattern PART = Pattern.compile("(\\d{1,9})(?:-(\\d{1,9}))?");

    /**
     * What the person chose.
     *
     * @param from as given
     * @param to as given
     * @param tokens as given
     */
    public record Choice(Optional<int[]> from, Optional<int[]> to, OptionalInt tokens) {}

    /** Reads {@code 4,0,3} and {@code 0-511}. */
    public static Optional<int[]> parse(String option, @Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        List<IntStream> ids = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Matcher matcher = PART.matcher(part.strip());
            if (!matcher.matches()) {
                throw new UserError(option + ": expected block numbers such as 4,0,3 or 0-511, got '" + text + "'");
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (last < first) {
                throw new UserError(option + ": the range " + part.strip() + " runs backwards");
            }
            ids.add(IntStream.rangeClosed(first, last));
        }
        return Optional.of(ids.stream().flatMapToInt(each -> each).toArray());
    }

    /** The choice with its defaults, checked against both layouts. */
    static BlockIds of(Choice choice, LayoutFile from, LayoutFile to) {
        KvLayout source = from.rank(0);
        KvLayout target = to.rank(0);
        boolean whole = choice.from().isEmpty() && choice.to().isEmpty();
        int[] fromBlocks = choice.from()
                .orElseGet(() -> first(
                        whole
                                ? source.blocks()
                                : Math.ceilDiv(
                                        choice.tokens().orElse(choice.to().orElseThrow().length * target.blockSize()),
                                        source.blockSize())));
        long held = (long) fromBlocks.length * source.blockSize();
        long tokens = choice.tokens().orElse((int) Math.min(Integer.MAX_VALUE, held));
        if (tokens <= 0 || tokens > held) {
            throw new UserError("--tokens: expected 1 to the " + held + " that " + fromBlocks.length + " blocks of "
                    + source.blockSize() + " in " + from.path() + " hold, got " + tokens);
        }
        int needed = (int) Math.ceilDiv(tokens, target.blockSize());
        int[] toBlocks = choice.to().orElseGet(() -> first(needed));
        if (toBlocks.length < needed) {
            throw new UserError(
                    "--blocks-to: " + tokens + " tokens of " + from.path() + " need " + needed + " blocks of "
                            + target.blockSize() + " in " + to.path() + ", got " + toBlocks.length
                            + "; name more blocks or fewer --tokens");
        }
        if (needed > target.blocks()) {
            throw new UserError(from.path() + " has " + held + " token slots (" + fromBlocks.length + " blocks of "
                    + source.blockSize() + "), " + to.path() + " has " + (long) target.blocks() * target.blockSize()
                    + " (" + target.blocks() + " blocks of " + target.blockSize()
                    + "); choose what to convert with --blocks-from, --blocks-to and --tokens");
        }
        within("--blocks-from", fromBlocks, source, from);
        within("--blocks-to", toBlocks, target, to);
        once(toBlocks);
        return new BlockIds(fromBlocks, toBlocks, (int) tokens);
    }

    private static int[] first(int count) {
        return IntStream.range(0, count).toArray();
    }

    private static void within(String option, int[] blocks, KvLayout layout, LayoutFile file) {
        for (int block : blocks) {
            if (block >= layout.blocks()) {
                throw new UserError(option + ": there is no block " + block + " in " + file.path() + ", num_blocks is "
                        + layout.blocks());
            }
        }
    }

    private static void once(int[] blocks) {
        BitSet seen = new BitSet();
        for (int block : blocks) {
            if (seen.get(block)) {
                throw new UserError(
                        "--blocks-to: block " + block + " stands twice; a block holds one part of a sequence");
            }
            seen.set(block);
        }
    }
}
