package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The elements of arrays that hold each of a few values at most once: a state for each set of them. */
final class UniqueItems {
    private static final int MAX_VALUES = 8;

    private UniqueItems() {}

    /**
     * @param values that an element may have; none if they cannot be listed
     * @param least elements
     * @param most elements; may be {@link Expr#UNBOUNDED}
     * @param path where the array's schema stands, for errors
     */
    static Expr of(List<JsonNode> values, int least, int most, String path) {
        if (values.isEmpty() || values.size() > MAX_VALUES) {
            throw new GrammarException("uniqueItems at " + path + " is enforced only for items with an enum of 1 to "
                    + MAX_VALUES + " values; leave it out and check the answer yourself");
        }
        for (int i = 0; i < values.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (SchemaKeywords.same(values.get(i), values.get(j))) {
                    throw new GrammarException("enum at " + path + "/items has " + values.get(i) + " twice");
                }
            }
        }
        int all = 1 << values.size();
        List<Expr.Edge> edges = new ArrayList<>();
        for (int set = 0; set < all; set++) {
            int count = Integer.bitCount(set);
            for (int i = 0; i < values.size(); i++) {
                if ((set >> i & 1) == 0 && (most == Expr.UNBOUNDED || count < most)) {
                    Expr value = Expr.text(values.get(i).toString());
                    edges.add(new Expr.Edge(set, count == 0 ? value : Expr.seq(JsonText.COMMA, value), set | 1 << i));
                }
            }
            if (count >= least) {
                edges.add(new Expr.Edge(set, Expr.EMPTY, all));
            }
        }
        return new Expr.Graph(all + 1, edges);
    }
}
