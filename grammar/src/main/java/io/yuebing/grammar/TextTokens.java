package io.yuebing.grammar;

import io.yuebing.grammar.TextStep.Characters;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The tokens of a vocabulary whose characters are all of a set, by their number of characters.
 *
 * <p>Nodes within texts allow these whatever the grammar, so they are found once and shared; what is left for each node are
 * the {@linkplain #exits places} where a token goes on with a byte that is not of the set.
 */
final class TextTokens {
    private final Vocabulary vocabulary;
    private final Characters set;
    /** By characters, the tokens that have so many or fewer. */
    private final TreeMap<Integer, long[]> within = new TreeMap<>();

    private final long[] none;
    private int[] exits = new int[1024];
    private int[] before = new int[1024];
    private int count;

    TextTokens(Vocabulary vocabulary, Characters set) {
        this.vocabulary = vocabulary;
        this.set = set;
        none = new long[Math.ceilDiv(vocabulary.size(), 64)];
        walk(0, 0, Utf8Form.NONE);
        exits = Arrays.copyOf(exits, count);
        before = Arrays.copyOf(before, count);
        long[] fewer = none;
        for (long[] tokens : within.values()) {
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] |= fewer[i];
            }
            fewer = tokens;
        }
    }

    private void walk(int place, int characters, Utf8Form form) {
        int end = vocabulary.end(place);
        for (int child = place + 1; child < end; child = vocabulary.end(child)) {
            int b = vocabulary.label(child);
            if (form.left() > 0) {
                if (form.takes(b)) {
                    inside(child, characters, form.next());
                }
                continue;
            }
            Utf8Form begun = set.beyond() ? Utf8Form.after(b) : Utf8Form.NONE;
            if (begun.left() > 0 || b < 0x80 && set.hasAscii(b)) {
                inside(child, characters + 1, begun);
            } else {
                addExit(child, characters);
            }
        }
    }

    /** A character that has begun counts. */
    private void inside(int place, int characters, Utf8Form form) {
        vocabulary.mark(place, within.computeIfAbsent(characters, c -> new long[none.length]));
        walk(place, characters, form);
    }

    private void addExit(int place, int characters) {
        if (count == exits.length) {
            exits = Arrays.copyOf(exits, 2 * count);
            before = Arrays.copyOf(before, 2 * count);
        }
        exits[count] = place;
        before[count++] = characters;
    }

    /** The tokens of at most so many characters; shared, not to be changed. */
    long[] within(int characters) {
        Map.Entry<Integer, long[]> entry = within.floorEntry(characters);
        return entry == null ? none : entry.getValue();
    }

    /** Characters of the longest token. */
    int longest() {
        return within.isEmpty() ? 0 : within.lastKey();
    }

    /** Places in the vocabulary that a byte leads to which is not of the set. */
    int exits() {
        return count;
    }

    int exit(int index) {
        return exits[index];
    }

    /** Characters before an exit. */
    int before(int index) {
        return before[index];
    }
}
