package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Node.CallArguments;
import io.yuebing.text.jinja.Node.Expression;
import io.yuebing.text.jinja.Node.FilterCall;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads Jinja's expressions; each method is one level of precedence, from the loosest to the tightest. */
final class ExpressionParser {
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");
    private static final Set<String> SPECIAL = Set.of("caller", "kwargs", "varargs");
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenReader tokens;
    private final Deque<Set<String>> macros = new ArrayDeque<>();
    /** Filters and tests that do not exist; whoever names one outside a condition is refused at once. */
    private final List<JinjaException> unknown = new ArrayList<>();

    private boolean conditional;
    private int depth;

    ExpressionParser(TokenReader tokens) {
        this.tokens = tokens;
    }

    static boolean isConstant(String name) {
        return CONSTANTS.contains(name);
    }

    void beginMacro() {
        macros.push(new HashSet<>());
    }

    /** Which special names were used since the matching {@link #beginMacro()}. */
    Set<String> endMacro() {
        return macros.pop();
    }

    /** Parses what is rendered only under a condition: templates test for a filter before they use it. */
    <T> T conditionally(Supplier<T> parse) {
        return with(true, parse);
    }

    <T> T unconditionally(Supplier<T> parse) {
        return with(false, parse);
    }

    private <T> T with(boolean isConditional, Supplier<T> parse) {
        boolean outer = conditional;
        conditional = isConditional;
        T parsed = parse.get();
        conditional = outer;
        return parsed;
    }

    void checkNames() {
        if (!unknown.isEmpty()) {
            throw unknown.getFirst();
        }
    }

    private void checkName(String kind, String name, boolean exists) {
        if (!exists && !conditional) {
            unknown.add(tokens.problem("No " + kind + " named '" + name + "'."));
        }
    }

    /** An expression, or several with commas between them, which make a tuple. */
    Expression tuple() {
        return tuple(this::expression, "", false);
    }

    /** The same without {@code a if b}, up to the name {@code end}. */
    Expression tupleWithoutCondition(String end) {
        return tuple(this::or, end, false);
    }

    private Expression tuple(Supplier<Expression> item, String end, boolean mayBeEmpty) {
        List<Expression> items = new ArrayList<>();
        boolean tuple = false;
        while (true) {
            Token token = tokens.current();
            boolean ended = token.type() == Token.Type.VARIABLE_END
                    || token.type() == Token.Type.BLOCK_END
                    || token.isOperator(")")
                    || !end.isEmpty() && token.isName(end);
            if (ended) {
                break;
            }
            items.add(item.get());
            if (!tokens.skipOperator(",")) {
                break;
            }
            tuple = true;
        }
        if (!tuple && !items.isEmpty()) {
            return items.getFirst();
        }
        if (items.isEmpty() && !mayBeEmpty) {
            throw tokens.problem("Expected an expression, found " + tokens.current());
        }
        return new Node.ListLiteral(items, true);
    }

    Expression expression() {
        if (++depth > Limits.NESTING) {
            throw tokens.problem("expressions are nested deeper than " + Limits.NESTING);
        }
        int known = unknown.size();
        Expression value = or();
        while (tokens.skipName("if")) {
            Expression condition = or();
            Expression otherwise = tokens.skipName("else") ? expression() : null;
            value = new Node.Conditional(condition, value, otherwise);
            unknown.subList(known, unknown.size()).clear();
        }
        depth--;
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (tokens.skipName("or")) {
            left = new Node.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            left = new Node.And(left, not());
        }
        return left;
    }

    private Expression not() {
        int negations = 0;
        while (tokens.skipName("not")) {
            negations++;
        }
        Expression operand = comparison();
        for (int i = 0; i < Math.min(negations, 2 - negations % 2); i++) {
            operand = new Node.Not(operand);
        }
        return operand;
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if (token.type() == Token.Type.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(tokens.next().text());
            } else if (tokens.skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.ahead().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Node.Comparison(first, operators, operands);
            }
            operands.add(sum());
        }
    }

    private Expression sum() {
        return binary(this::concatenation, Set.of("+", "-"));
    }

    private Expression concatenation() {
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : new Node.Concatenation(parts);
    }

    private Expression product() {
        return binary(this::power, Set.of("*", "/", "//", "%"));
    }

    private Expression power() {
        return binary(() -> unary(true), Set.of("**"));
    }

    private Expression binary(Supplier<Expression> operand, Set<String> operators) {
        Expression left = operand.get();
        while (tokens.current().type() == Token.Type.OPERATOR
                && operators.contains(tokens.current().text())) {
            String operator = tokens.next().text();
            left = new Node.Binary(operator, left, operand.get());
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        if (++depth > Limits.NESTING) {
            throw tokens.problem("expressions are nested deeper than " + Limits.NESTING);
        }
        Expression value;
        if (tokens.current().isOperator("-") || tokens.current().isOperator("+")) {
            String operator = tokens.next().text();
            value = new Node.Unary(operator, unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        depth--;
        return withFilters ? filtersAndTests(value) : value;
    }

    private Expression primary() {
        Token token = tokens.next();
        return switch (token.type()) {
            case NAME -> name(token.text());
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.current().type() == Token.Type.STRING) {
                    text.append(tokens.next().text());
                }
                yield new Node.Constant(Value.Str.of(text.toString()));
            }
            case INTEGER ->
                new Node.Constant(Numbers.parseInteger(token.text(), 0)
                        .orElseThrow(() -> tokens.problem("integer literal " + token + " is too long")));
            case FLOAT -> new Node.Constant(Numbers.parseFloat(token.text()).orElseThrow());
            case OPERATOR -> bracketed(token);
            default -> throw tokens.problem("unexpected " + token);
        };
    }

    private Expression name(String name) {
        switch (name) {
            case "true", "True" -> {
                return new Node.Constant(Value.Bool.TRUE);
            }
            case "false", "False" -> {
                return new Node.Constant(Value.Bool.FALSE);
            }
            case "none", "None" -> {
                return new Node.Constant(Value.None.NONE);
            }
            default -> {
                if (SPECIAL.contains(name)) {
                    macros.forEach(used -> used.add(name));
                }
                return new Node.Name(name);
            }
        }
    }

    private Expression bracketed(Token open) {
        switch (open.text()) {
            case "(" -> {
                Expression inner = tuple(this::expression, "", true);
                tokens.expectOperator(")");
                return inner;
            }
            case "[" -> {
                List<Expression> items = new ArrayList<>();
                separated("]", () -> items.add(expression()));
                return new Node.ListLiteral(items, false);
            }
            case "{" -> {
                List<Expression> keys = new ArrayList<>();
                List<Expression> values = new ArrayList<>();
                separated("}", () -> {
                    keys.add(expression());
                    tokens.expectOperator(":");
                    values.add(expression());
                });
                return new Node.DictLiteral(keys, values);
            }
            default -> throw tokens.problem("unexpected " + open);
        }
    }

    /** Items with commas between them and perhaps after the last, up to {@code close}, which is passed. */
    private void separated(String close, Runnable item) {
        boolean first = true;
        while (!tokens.skipOperator(close)) {
            if (!first) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(close)) {
                    return;
                }
            }
            first = false;
            item.run();
        }
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator(".")) {
                value = member(value);
            } else if (tokens.skipOperator("[")) {
                value = subscript(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Node.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression member(Expression object) {
        Token name = tokens.next();
        return switch (name.type()) {
            case NAME -> new Node.Attribute(object, name.text());
            case INTEGER ->
                new Node.Item(
                        object,
                        new Node.Constant(Numbers.parseInteger(name.text(), 0).orElseThrow()));
            default -> throw tokens.problem("expected name or number, found " + name);
        };
    }

    private Expression subscript(Expression object) {
        List<Expression> keys = new ArrayList<>();
        Expression slice = null;
        while (!tokens.skipOperator("]")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
            }
            Expression from = tokens.current().isOperator(":") ? null : expression();
            if (!tokens.skipOperator(":")) {
                keys.add(Objects.requireNonNull(from));
                continue;
            }
            Expression to = bound();
            Expression step = tokens.skipOperator(":") ? bound() : null;
            slice = new Node.Slice(object, from, to, step);
            keys.add(slice);
        }
        if (keys.size() == 1) {
            return slice != null ? slice : new Node.Item(object, keys.getFirst());
        }
        if (slice != null) {
            throw tokens.problem("a slice cannot stand beside other indices");
        }
        return new Node.Item(object, new Node.ListLiteral(keys, true));
    }

    private @Nullable Expression bound() {
        Token token = tokens.current();
        return token.isOperator(":") || token.isOperator("]") || token.isOperator(",") ? null : expression();
    }

    private CallArguments arguments() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Expression> named = new ArrayList<>();
        Expression[] more = new Expression[2];
        separated(")", () -> {
            boolean isNamed =
                    tokens.current().type() == Token.Type.NAME && tokens.ahead().isOperator("=");
            if (tokens.skipOperator("*") && more[0] == null && more[1] == null) {
                more[0] = expression();
            } else if (tokens.skipOperator("**") && more[1] == null) {
                more[1] = expression();
            } else if (isNamed && more[1] == null) {
                names.add(tokens.next().text());
                tokens.next();
                named.add(expression());
            } else if (names.isEmpty() && more[0] == null && more[1] == null) {
                positional.add(expression());
            } else {
                throw tokens.problem("invalid syntax for function call expression");
            }
        });
        return new CallArguments(positional, names, named, more[0], more[1]);
    }

    private Expression filtersAndTests(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.current().isOperator("|")) {
                value = Objects.requireNonNull(filters(value));
            } else if (tokens.skipName("is")) {
                value = test(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Node.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    /** Filters applied to {@code start}, each behind a {@code |}; {@code start} itself if there are none. */
    @Nullable
    Expression filters(@Nullable Expression start) {
        Expression value = start;
        while (tokens.skipOperator("|")) {
            value = filter(value);
        }
        return value;
    }

    /** The filters of a {@code filter} block, of which the first has no {@code |} before it. */
    FilterCall filterChain() {
        FilterCall chain = filter(null);
        while (tokens.skipOperator("|")) {
            chain = filter(chain);
        }
        return chain;
    }

    private FilterCall filter(@Nullable Expression value) {
        int line = tokens.current().line();
        String name = dottedName();
        checkName("filter", name, Filters.exists(name));
        return new FilterCall(value, name, tokens.current().isOperator("(") ? arguments() : CallArguments.NONE, line);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expect(Token.Type.NAME).text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Token.Type.NAME).text());
        }
        return name.toString();
    }

    private Expression test(Expression value) {
        boolean negated = tokens.skipName("not");
        String name = dottedName();
        checkName("test", name, Tests.exists(name));
        Expression test = new Node.TestCall(value, name, testArguments());
        return negated ? new Node.Not(test) : test;
    }

    /** Arguments in parentheses, or one operand without them: {@code is divisibleby 3}. */
    private CallArguments testArguments() {
        Token token = tokens.current();
        if (token.isOperator("(")) {
            return arguments();
        }
        boolean operand = switch (token.type()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.isOperator("[") || token.isOperator("{");
            default -> false;
        };
        if (!operand) {
            return CallArguments.NONE;
        }
        if (token.isName("is")) {
            throw tokens.problem("You cannot chain multiple tests with is");
        }
        return new CallArguments(List.of(postfix(primary())), List.of(), List.of(), null, null);
    }
}
