package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Node.Call;
import io.yuebing.text.jinja.Node.Expression;
import io.yuebing.text.jinja.Node.FilterCall;
import io.yuebing.text.jinja.Node.MacroCode;
import io.yuebing.text.jinja.Node.NameTarget;
import io.yuebing.text.jinja.Node.Statement;
import io.yuebing.text.jinja.Node.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Reads a template's statements into a syntax tree. */
final class Parser {
    private final TokenReader tokens;
    private final ExpressionParser expressions;
    private int loops;
    private int depth;

    private Parser(String template) {
        tokens = new TokenReader(Lexer.tokens(template));
        expressions = new ExpressionParser(tokens);
    }

    /** @throws JinjaException with the line of what is wrong */
    static List<Statement> parse(String template) {
        Parser parser = new Parser(template);
        List<Statement> statements = parser.statements();
        if (parser.tokens.current().type() != Token.Type.EOF) {
            throw parser.unknownTag();
        }
        parser.expressions.checkNames();
        return statements;
    }

    private JinjaException unknownTag() {
        return tokens.problem("Encountered unknown tag '" + tokens.current().text() + "'.");
    }

    /** Statements up to the end or to a block that begins with one of {@code ends}, of which {@code {%} is passed. */
    private List<Statement> statements(String... ends) {
        List<Statement> statements = new ArrayList<>();
        if (++depth > Limits.NESTING) {
            throw tokens.problem("blocks are nested deeper than " + Limits.NESTING);
        }
        while (true) {
            Token token = tokens.current();
            switch (token.type()) {
                case DATA -> statements.add(new Node.Text(tokens.next().text(), token.line()));
                case VARIABLE_BEGIN -> {
                    tokens.next();
                    statements.add(new Node.Print(expressions.tuple(), token.line()));
                    tokens.expect(Token.Type.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    tokens.next();
                    if (isOneOf(tokens.current(), ends)) {
                        depth--;
                        return statements;
                    }
                    statement(statements);
                    tokens.expect(Token.Type.BLOCK_END);
                }
                default -> {
                    if (ends.length > 0) {
                        throw tokens.problem(
                                "Unexpected end of template; expected '" + String.join("' or '", ends) + "'");
                    }
                    depth--;
                    return statements;
                }
            }
        }
    }

    private static boolean isOneOf(Token token, String... names) {
        return token.type() == Token.Type.NAME && List.of(names).contains(token.text());
    }

    /** The body of a block: from the end of its first tag to the name in its last, which is passed. */
    private List<Statement> body(String end) {
        List<Statement> body = bodyUpTo(end);
        tokens.next();
        return body;
    }

    private List<Statement> bodyUpTo(String... ends) {
        tokens.skipOperator(":");
        tokens.expect(Token.Type.BLOCK_END);
        return statements(ends);
    }

    /** A body that {@code break} cannot leave, because Jinja makes a function of it. */
    private <T> T outsideLoops(Supplier<T> parse) {
        int outer = loops;
        loops = 0;
        T parsed = parse.get();
        loops = outer;
        return parsed;
    }

    private void statement(List<Statement> statements) {
        Token tag = tokens.next();
        int line = tag.line();
        if (tag.type() != Token.Type.NAME) {
            throw tokens.problem("tag name expected, found " + tag);
        }
        switch (tag.text()) {
            case "for" -> statements.add(expressions.unconditionally(() -> loop(line)));
            case "if" -> statements.add(expressions.conditionally(() -> conditional(line)));
            case "set" -> statements.add(set(line));
            case "with" -> statements.add(expressions.unconditionally(() -> with(line)));
            case "macro" -> statements.add(expressions.unconditionally(() -> macro(line)));
            case "call" -> statements.add(expressions.unconditionally(() -> callBlock(line)));
            case "filter" -> statements.add(expressions.unconditionally(() -> filterBlock(line)));
            case "block" -> statements.add(expressions.unconditionally(() -> block(line)));
            case "generation" ->
                statements.add(expressions.unconditionally(
                        () -> outsideLoops(() -> new Node.With(List.of(), List.of(), body("endgeneration"), line))));
            case "print" -> print(statements, line);
            case "break", "continue" -> {
                if (loops == 0) {
                    throw tokens.problem("'" + tag.text() + "' outside loop");
                }
                statements.add(tag.text().equals("break") ? new Node.Break(line) : new Node.Continue(line));
            }
            case "include", "import", "from", "extends" -> {
                while (tokens.current().type() != Token.Type.BLOCK_END
                        && tokens.current().type() != Token.Type.EOF) {
                    tokens.next();
                }
                statements.add(new Node.Impossible("'" + tag.text() + "' finds no other templates here", line));
            }
            default -> throw new JinjaException("Encountered unknown tag '" + tag.text() + "'.").atLine(line);
        }
    }

    private Statement loop(int line) {
        loops++;
        Target target = targets("in");
        tokens.expectName("in");
        Expression iterable = expressions.tupleWithoutCondition("recursive");
        Expression condition = tokens.skipName("if") ? expressions.expression() : null;
        boolean recursive = tokens.skipName("recursive");
        List<Statement> body = bodyUpTo("endfor", "else");
        loops--;
        List<Statement> otherwise = tokens.next().text().equals("else") ? body("endfor") : List.of();
        return new Node.For(target, iterable, condition, recursive, body, otherwise, line);
    }

    private Statement conditional(int line) {
        List<Expression> conditions = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        while (true) {
            conditions.add(expressions.tupleWithoutCondition(""));
            bodies.add(bodyUpTo("elif", "else", "endif"));
            String end = tokens.next().text();
            if (!end.equals("elif")) {
                List<Statement> otherwise = end.equals("else") ? body("endif") : List.of();
                return new Node.If(conditions, bodies, otherwise, line);
            }
        }
    }

    private Statement set(int line) {
        Target target = targets("");
        if (tokens.skipOperator("=")) {
            return new Node.Assign(target, expressions.tuple(), line);
        }
        FilterCall filter = expressions.filters(null) instanceof FilterCall call ? call : null;
        return expressions.unconditionally(() -> new Node.AssignBlock(target, filter, body("endset"), line));
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.current().type() != Token.Type.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(target(false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Node.With(targets, values, body("endwith"), line);
    }

    private Statement macro(int line) {
        String name = tokens.expect(Token.Type.NAME).text();
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        parameters(parameters, defaults);
        return new Node.MacroDefinition(macroCode(name, parameters, defaults, "endmacro"), line);
    }

    private Statement callBlock(int line) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        if (tokens.current().isOperator("(")) {
            parameters(parameters, defaults);
        }
        if (!(expressions.expression() instanceof Call call)) {
            throw tokens.problem("expected call");
        }
        return new Node.CallBlock(macroCode("caller", parameters, defaults, "endcall"), call, line);
    }

    private void parameters(List<String> parameters, List<Expression> defaults) {
        tokens.expectOperator("(");
        while (!tokens.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            parameters.add(tokens.expect(Token.Type.NAME).text());
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.problem("non-default argument follows default argument");
            }
        }
        tokens.expectOperator(")");
    }

    private MacroCode macroCode(String name, List<String> parameters, List<Expression> defaults, String end) {
        expressions.beginMacro();
        List<Statement> body = outsideLoops(() -> body(end));
        Set<String> special = expressions.endMacro();
        boolean callerNeedsDefault = special.contains("caller")
                && parameters.indexOf("caller") >= 0
                && parameters.indexOf("caller") < parameters.size() - defaults.size();
        if (callerNeedsDefault) {
            throw tokens.problem("the special 'caller' argument must be omitted or be given a default");
        }
        return new MacroCode(name, parameters, defaults, special, body);
    }

    private Statement filterBlock(int line) {
        FilterCall filter = expressions.filterChain();
        return new Node.FilterBlock(filter, body("endfilter"), line);
    }

    /** Without inheritance a block is its body. */
    private Statement block(int line) {
        String name = tokens.expect(Token.Type.NAME).text();
        tokens.skipName("scoped");
        tokens.skipName("required");
        List<Statement> body = outsideLoops(() -> body("endblock"));
        tokens.skipName(name);
        return new Node.With(List.of(), List.of(), body, line);
    }

    private void print(List<Statement> statements, int line) {
        boolean first = true;
        while (tokens.current().type() != Token.Type.BLOCK_END) {
            if (!first) {
                tokens.expectOperator(",");
            }
            first = false;
            statements.add(new Node.Print(expressions.expression(), line));
        }
    }

    /** One or more targets with commas between them, up to the name {@code end}. */
    private Target targets(String end) {
        boolean namespaces = end.isEmpty();
        List<Target> targets = new ArrayList<>();
        boolean tuple = false;
        while (true) {
            boolean ended = tokens.current().isOperator(")")
                    || tokens.current().type() == Token.Type.BLOCK_END
                    || !namespaces && tokens.current().isName(end);
            if (ended) {
                break;
            }
            targets.add(target(namespaces));
            if (!tokens.skipOperator(",")) {
                break;
            }
            tuple = true;
        }
        if (targets.isEmpty()) {
            throw tokens.problem("expected a name to assign to, found " + tokens.current());
        }
        return tuple ? new Node.TupleTarget(targets) : targets.getFirst();
    }

    private Target target(boolean namespaces) {
        if (tokens.skipOperator("(")) {
            Target inner = targets("");
            tokens.expectOperator(")");
            return inner;
        }
        Token name = tokens.expect(Token.Type.NAME);
        if (ExpressionParser.isConstant(name.text()) || loops > 0 && name.text().equals("loop")) {
            throw tokens.problem("can't assign to '" + name.text() + "'");
        }
        if (namespaces && tokens.skipOperator(".")) {
            return new Node.AttributeTarget(
                    name.text(), tokens.expect(Token.Type.NAME).text());
        }
        return new NameTarget(name.text());
    }
}
