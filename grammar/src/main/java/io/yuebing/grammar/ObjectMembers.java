package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The members of an object in their order, as ways through a graph.
 *
 * <p>A state is which member is next, how many have been written, and which of those that {@code dependentRequired} is about.
 */
final class ObjectMembers {
    private static final int MAX_STATES = 50_000;

    /** @param text name, colon and value */
    record Member(String name, Expr text, boolean required) {}

    private final List<Member> members;
    private final @Nullable Expr extra;
    private final int least;
    private final int most;
    private final Map<String, Set<String>> needs;
    private final List<String> tracked;

    /** Counts beyond this are the same. */
    private final int cap;

    /**
     * @param extra a member after these, any number of times; its name may be written twice
     * @param least members that an object has
     * @param most may be {@link Expr#UNBOUNDED}
     * @param needs names that must be there if another one is; all are members
     */
    ObjectMembers(List<Member> members, @Nullable Expr extra, int least, int most, Map<String, Set<String>> needs) {
        this.members = members;
        this.extra = extra;
        this.least = least;
        this.most = most;
        this.needs = needs;
        tracked = members.stream()
                .map(Member::name)
                .filter(name ->
                        needs.containsKey(name) || needs.values().stream().anyMatch(needed -> needed.contains(name)))
                .toList();
        cap = most == Expr.UNBOUNDED ? Math.max(1, least) : most;
        if (tracked.size() > 16 || (members.size() + 1L) * (cap + 1L) << tracked.size() > MAX_STATES) {
            throw GrammarException.tooLarge("states for one object's members", MAX_STATES);
        }
    }

    private int state(int member, int count, int written) {
        return (member * (cap + 1) + Math.min(count, cap)) << tracked.size() | written;
    }

    /** The object's text. */
    Expr braces() {
        List<Expr.Edge> edges = new ArrayList<>();
        int end = state(members.size(), cap, (1 << tracked.size()) - 1) + 1;
        for (int count = 0; count <= cap; count++) {
            for (int written = 0; written < 1 << tracked.size(); written++) {
                for (int i = 0; i < members.size(); i++) {
                    addMember(i, count, written, edges);
                }
                addEnd(state(members.size(), count, written), count, written, end, edges);
            }
        }
        return Expr.seq(Expr.text("{"), new Expr.Graph(end + 1, edges), Expr.text("}"));
    }

    private void addMember(int i, int count, int written, List<Expr.Edge> edges) {
        Member member = members.get(i);
        int from = state(i, count, written);
        if (most == Expr.UNBOUNDED || count < most) {
            Expr text = count == 0 ? member.text() : Expr.seq(JsonText.COMMA, member.text());
            int bit = tracked.indexOf(member.name());
            edges.add(new Expr.Edge(from, text, state(i + 1, count + 1, bit < 0 ? written : written | 1 << bit)));
        }
        if (!member.required()) {
            edges.add(new Expr.Edge(from, Expr.EMPTY, state(i + 1, count, written)));
        }
    }

    /** At most one extra member counts, since two may have the same name. */
    private void addEnd(int from, int count, int written, int end, List<Expr.Edge> edges) {
        int lacking = Math.max(0, least - count);
        if (!complete(written) || lacking > (extra == null ? 0 : 1)) {
            return;
        }
        int room = most == Expr.UNBOUNDED ? Expr.UNBOUNDED : most - count;
        if (extra == null) {
            edges.add(new Expr.Edge(from, Expr.EMPTY, end));
        } else if (count == 0) {
            edges.add(new Expr.Edge(from, JsonText.list(extra, lacking, room), end));
        } else {
            edges.add(new Expr.Edge(from, new Expr.Repeat(Expr.seq(JsonText.COMMA, extra), lacking, room), end));
        }
    }

    private boolean complete(int written) {
        BitSet there = BitSet.valueOf(new long[] {written});
        return there.stream()
                .allMatch(bit -> needs.getOrDefault(tracked.get(bit), Set.of()).stream()
                        .allMatch(needed -> there.get(tracked.indexOf(needed))));
    }
}
