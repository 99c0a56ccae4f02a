package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A small context-free grammar drawn at random, which can be written in GBNF and Lark, and recognises texts by itself. */
final class RandomGrammar {
    private static final List<String> TEXTS = List.of("a", "b", "c", "é", "ab", "ca");

    sealed interface Part {}

    record Text(String text) implements Part {}

    record Set(String characters, boolean negated) implements Part {}

    record Rule(int rule) implements Part {}

    record Times(Part body, int least, int most) implements Part {}

    record Choice(List<List<Part>> options) implements Part {}

    private final SplittableRandom random;
    private final List<Choice> rules = new ArrayList<>();

    RandomGrammar(SplittableRandom random) {
        this.random = random;
        int count = 1 + random.nextInt(4);
        for (int rule = 0; rule < count; rule++) {
            rules.add(choice(2, count));
        }
    }

    private Choice choice(int depth, int count) {
        List<List<Part>> options = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            List<Part> parts = new ArrayList<>();
            for (int j = random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(3); j > 0; j--) {
                parts.add(part(depth, count));
            }
            options.add(parts);
        }
        return new Choice(options);
    }

    private Part part(int depth, int count) {
        return switch (random.nextInt(depth == 0 ? 6 : 9)) {
            case 0, 1, 2 -> new Text(TEXTS.get(random.nextInt(TEXTS.size())));
            case 3 -> new Set(random.nextBoolean() ? "ab" : "cé", random.nextInt(3) == 0);
            case 4, 5 -> new Rule(random.nextInt(count));
            case 6 -> choice(depth - 1, count);
            default -> {
                int least = random.nextInt(3);
                yield new Times(part(depth - 1, count), least, random.nextBoolean() ? -1 : least + random.nextInt(2));
            }
        };
    }

    // ---- written

    String gbnf() {
        return IntStream.range(0, rules.size())
                .mapToObj(i -> (i == 0 ? "root" : "r-" + i) + " ::= "
                        + options(rules.get(i), rule -> rule == 0 ? "root" : "r-" + rule))
                .collect(Collectors.joining("\n"));
    }

    String lark() {
        return IntStream.range(0, rules.size())
                .mapToObj(i -> (i == 0 ? "?start" : "r" + i) + ": "
                        + options(rules.get(i), rule -> rule == 0 ? "start" : "r" + rule)
                                .replace("[^", "/[^")
                                .replace("[a", "/[a")
                                .replace("[c", "/[c")
                                .replace("]", "]/"))
                .collect(Collectors.joining("\n"));
    }

    private String options(Choice choice, IntFunction<String> name) {
        return choice.options().stream()
                .map(parts -> parts.stream().map(part -> text(part, name)).collect(Collectors.joining(" ")))
                .collect(Collectors.joining(" | "));
    }

    private String text(Part part, IntFunction<String> name) {
        return switch (part) {
            case Text text -> '"' + text.text() + '"';
            case Set set -> (set.negated() ? "[^" : "[") + set.characters() + "]";
            case Rule rule -> name.apply(rule.rule());
            case Choice choice -> "(" + options(choice, name) + ")";
            case Times times -> "(" + text(times.body(), name) + ")" + sign(times);
        };
    }

    private static String sign(Times times) {
        if (times.most() < 0) {
            return times.least() == 0 ? "*" : times.least() == 1 ? "+" : "{2,}";
        }
        return times.least() == 0 && times.most() == 1 ? "?" : "{" + times.least() + "," + times.most() + "}";
    }

    // ---- texts

    /** A text of the grammar, or one that is not if the rules go on too long. */
    String text() {
        StringBuilder text = new StringBuilder();
        write(rules.getFirst(), text, 12);
        return text.toString();
    }

    private void write(Part part, StringBuilder text, int depth) {
        if (depth == 0 || text.length() > 4) {
            return;
        }
        switch (part) {
            case Text(String literal) -> text.append(literal);
            case Set set -> text.append(set.negated() ? 'x' : set.characters().charAt(random.nextInt(2)));
            case Rule rule -> write(rules.get(rule.rule()), text, depth - 1);
            case Choice choice ->
                choice.options()
                        .get(random.nextInt(choice.options().size()))
                        .forEach(one -> write(one, text, depth - 1));
            case Times times -> {
                int most = times.most() < 0 ? times.least() + 2 : times.most();
                for (int i = random.nextInt(times.least(), most + 1); i > 0; i--) {
                    write(times.body(), text, depth - 1);
                }
            }
        }
    }

    /** Whether a text is one of the grammar: what each rule may match from each place grows until nothing is new. */
    boolean matches(String text) {
        BitSet[][] ends = new BitSet[rules.size()][text.length() + 1];
        for (BitSet[] of : ends) {
            Arrays.setAll(of, i -> new BitSet());
        }
        for (boolean grown = true; grown; ) {
            grown = false;
            for (int rule = 0; rule < ends.length; rule++) {
                for (int from = 0; from <= text.length(); from++) {
                    int before = ends[rule][from].cardinality();
                    ends[rule][from].or(ends(rules.get(rule), from, text, ends));
                    grown |= ends[rule][from].cardinality() > before;
                }
            }
        }
        return ends[0][0].get(text.length());
    }

    private static BitSet ends(Part part, int from, String text, BitSet[][] known) {
        BitSet ends = new BitSet();
        switch (part) {
            case Text(String literal) -> ends.set(from + literal.length(), text.startsWith(literal, from));
            case Set set ->
                ends.set(
                        from + 1,
                        from < text.length() && set.characters().indexOf(text.charAt(from)) >= 0 != set.negated());
            case Rule rule -> ends.or(known[rule.rule()][from]);
            case Choice choice ->
                choice.options().forEach(parts -> {
                    BitSet at = one(from);
                    for (Part next : parts) {
                        at = after(next, at, text, known);
                    }
                    ends.or(at);
                });
            case Times times -> {
                BitSet at = one(from);
                for (int i = 0; i < times.least(); i++) {
                    at = after(times.body(), at, text, known);
                }
                ends.or(at);
                int more = times.most() < 0 ? text.length() + 1 : times.most() - times.least();
                for (int i = 0; i < more; i++) {
                    at = after(times.body(), at, text, known);
                    ends.or(at);
                }
            }
        }
        return ends;
    }

    private static BitSet after(Part part, BitSet at, String text, BitSet[][] known) {
        BitSet all = new BitSet();
        at.stream().forEach(from -> all.or(ends(part, from, text, known)));
        return all;
    }

    private static BitSet one(int place) {
        BitSet set = new BitSet();
        set.set(place);
        return set;
    }
}
