package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites rules that begin with themselves, perhaps by way of others, so that they match the same and do so no more.
 *
 * <p>Rules that begin with each other are ways through a graph: an option that begins with none of them leads from the start
 * to its rule, one that begins with a rule leads on from there.
 *
 * <pre>
 *   sum ::= sum "+" term | term      start --term--> sum --"+" term--> sum
 * </pre>
 *
 * <p>What a rule begins with after parts that may be empty is left as it is.
 */
final class LeftRecursion {
    /** Rules that begin with each other; bounds the size of what is made of them. */
    private static final int MAX_MEMBERS = 100;

    /** An option of a rule: the rule it begins with, if any, and what follows. */
    private record Option(Expr.@Nullable Ref first, Expr rest) {}

    private final List<List<Option>> options;
    /** For each rule those that it may begin with, over any number of others. */
    private final List<BitSet> begins = new ArrayList<>();

    private LeftRecursion(List<Expr> rules) {
        options = rules.stream().map(LeftRecursion::options).toList();
        for (List<Option> of : options) {
            BitSet direct = new BitSet();
            of.forEach(option -> {
                if (option.first() != null) {
                    direct.set(option.first().rule());
                }
            });
            begins.add(direct);
        }
        for (int over = 0; over < rules.size(); over++) {
            for (BitSet some : begins) {
                if (some.get(over)) {
                    some.or(begins.get(over));
                }
            }
        }
    }

    /** The rules without left recursion, in the same order. */
    static List<Expr> removed(List<Expr> rules) {
        LeftRecursion recursion = new LeftRecursion(rules);
        List<Expr> removed = new ArrayList<>();
        for (int rule = 0; rule < rules.size(); rule++) {
            removed.add(recursion.begins.get(rule).get(rule) ? recursion.graph(rule) : rules.get(rule));
        }
        return removed;
    }

    /** State 0 is the start, the last one the rule's. */
    private Expr graph(int rule) {
        List<Integer> members = begins.get(rule).stream()
                .filter(other -> other != rule && begins.get(other).get(rule))
                .boxed()
                .toList();
        if (members.size() > MAX_MEMBERS) {
            throw GrammarException.tooLarge("rules that begin with each other", MAX_MEMBERS);
        }
        List<Expr.Edge> edges = new ArrayList<>();
        int last = members.size() + 1;
        for (int i = 0; i <= members.size(); i++) {
            int member = i < members.size() ? members.get(i) : rule;
            for (Option option : options.get(member)) {
                int to = i + 1;
                if (option.first() == null) {
                    edges.add(new Expr.Edge(0, option.rest(), to));
                } else if (option.first().rule() == rule) {
                    edges.add(new Expr.Edge(last, option.rest(), to));
                } else if (members.contains(option.first().rule())) {
                    edges.add(new Expr.Edge(members.indexOf(option.first().rule()) + 1, option.rest(), to));
                } else {
                    edges.add(new Expr.Edge(0, Expr.seq(option.first(), option.rest()), to));
                }
            }
        }
        return new Expr.Graph(last + 1, edges);
    }

    private static List<Option> options(Expr expr) {
        return switch (expr) {
            case Expr.Ref ref -> List.of(new Option(ref, Expr.EMPTY));
            case Expr.Alt alt ->
                alt.options().stream()
                        .flatMap(option -> options(option).stream())
                        .toList();
            case Expr.Seq seq
            when !seq.parts().isEmpty() -> {
                List<Option> first = options(seq.parts().getFirst());
                Expr rest = new Expr.Seq(seq.parts().subList(1, seq.parts().size()));
                yield first.stream().allMatch(option -> option.first() == null)
                        ? List.of(new Option(null, seq))
                        : followed(first, rest);
            }
            case Expr.Repeat repeat
            when repeat.most() != 0 -> {
                List<Option> first = options(repeat.body());
                if (first.stream().allMatch(option -> option.first() == null)) {
                    yield List.of(new Option(null, repeat));
                }
                int most = repeat.most() == Expr.UNBOUNDED ? Expr.UNBOUNDED : repeat.most() - 1;
                List<Option> some = new ArrayList<>(followed(
                        first, new Expr.Repeat(repeat.body(), Math.max(0, repeat.least() - 1), most)));
                if (repeat.least() == 0) {
                    some.add(new Option(null, Expr.EMPTY));
                }
                yield some;
            }
            default -> List.of(new Option(null, expr));
        };
    }

    private static List<Option> followed(List<Option> options, Expr rest) {
        return options.stream()
                .map(option -> new Option(option.first(), Expr.seq(option.rest(), rest)))
                .toList();
    }
}
