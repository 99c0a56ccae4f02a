package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Node.MacroCode;
import io.yuebing.text.jinja.Node.Statement;
import io.yuebing.text.jinja.Node.Target;
import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs the statements of one rendering. */
final class Interpreter {
    /** How a list of statements ended. */
    private enum Flow {
        NORMAL,
        BREAK,
        CONTINUE
    }

    private long steps;
    private int depth;
    private int line;

    /** The line of the statement that was run last. */
    int line() {
        return line;
    }

    /** Renders statements to text. */
    String render(List<Statement> statements, Scope scope) {
        StringBuilder out = new StringBuilder();
        run(statements, scope, out);
        return out.toString();
    }

    private Flow run(List<Statement> statements, Scope scope, StringBuilder out) {
        for (Statement statement : statements) {
            line = statement.line();
            Flow flow = run(statement, scope, out);
            if (flow != Flow.NORMAL) {
                return flow;
            }
        }
        return Flow.NORMAL;
    }

    private Flow run(Statement statement, Scope scope, StringBuilder out) {
        switch (statement) {
            case Node.Text s -> print(s.text(), out);
            case Node.Print s -> print(Representation.str(Evaluator.evaluate(s.value(), scope)), out);
            case Node.If s -> {
                return runIf(s, scope, out);
            }
            case Node.For s -> runFor(s, Evaluator.evaluate(s.iterable(), scope), 0, scope, out);
            case Node.Break s -> {
                return Flow.BREAK;
            }
            case Node.Continue s -> {
                return Flow.CONTINUE;
            }
            case Node.Assign s -> assign(s.target(), Evaluator.evaluate(s.value(), scope), scope);
            case Node.AssignBlock s -> {
                StringBuilder body = new StringBuilder();
                Flow flow = run(s.body(), scope.inner(), body);
                if (flow != Flow.NORMAL) {
                    return flow;
                }
                Value text = Str.of(body.toString());
                assign(s.target(), s.filter() == null ? text : Evaluator.filterBlock(s.filter(), text, scope), scope);
            }
            case Node.With s -> {
                Scope inner = scope.inner();
                for (int i = 0; i < s.targets().size(); i++) {
                    assign(s.targets().get(i), Evaluator.evaluate(s.values().get(i), scope), inner);
                }
                return run(s.body(), inner, out);
            }
            case Node.FilterBlock s -> {
                StringBuilder body = new StringBuilder();
                Flow flow = run(s.body(), scope.inner(), body);
                if (flow != Flow.NORMAL) {
                    return flow;
                }
                Value filtered = Evaluator.filterBlock(s.filter(), Str.of(body.toString()), scope);
                if (!(filtered instanceof Str text)) {
                    throw new JinjaException("a filter block makes text, found " + Operators.typeName(filtered));
                }
                print(text.text(), out);
            }
            case Node.MacroDefinition s -> scope.set(s.macro().name(), new Macro(s.macro(), scope));
            case Node.CallBlock s -> {
                Value function = Evaluator.evaluate(s.call().function(), scope);
                Arguments arguments = Evaluator.arguments(s.call().arguments(), scope);
                Value text = Evaluator.call(function, arguments.with("caller", new Macro(s.caller(), scope)));
                print(Representation.str(text), out);
            }
            case Node.Impossible s -> throw new JinjaException(s.problem());
        }
        return Flow.NORMAL;
    }

    private static void print(String text, StringBuilder out) {
        Limits.checkText((long) out.length() + text.length());
        out.append(text);
    }

    private Flow runIf(Node.If statement, Scope scope, StringBuilder out) {
        for (int i = 0; i < statement.conditions().size(); i++) {
            if (Evaluator.isTrue(statement.conditions().get(i), scope)) {
                return run(statement.bodies().get(i), scope, out);
            }
        }
        return run(statement.otherwise(), scope, out);
    }

    private void runFor(Node.For statement, Value iterable, int depth0, Scope scope, StringBuilder out) {
        Iterator<Value> items = Operators.iterate(iterable);
        int length = -1;
        if (statement.condition() != null) {
            items = new Chosen(items, statement, scope);
        } else if (!(iterable instanceof Value.Stream)) {
            length = Operators.length(iterable);
        }
        Loop loop = new Loop(items, length, depth0, statement.recursive() ? recursion(statement, scope) : null);
        boolean completed = false;
        for (Value item = loop.next(); item != null; item = loop.next()) {
            step();
            Scope inner = scope.inner();
            inner.set("loop", loop);
            assign(statement.target(), item, inner);
            Flow flow = run(statement.body(), inner, out);
            if (flow == Flow.BREAK) {
                break;
            }
            completed |= flow == Flow.NORMAL;
        }
        // Jinja takes the else branch also if each run of the body was broken off.
        if (!completed) {
            run(statement.otherwise(), scope.inner(), out);
        }
    }

    private Loop.Recursion recursion(Node.For statement, Scope scope) {
        return (iterable, depth0) -> deeper(() -> {
            StringBuilder text = new StringBuilder();
            runFor(statement, iterable, depth0, scope, text);
            return Str.of(text.toString());
        });
    }

    /** The items that a loop's {@code if} lets through, each tested only when the loop gets to it. */
    private final class Chosen implements Iterator<Value> {
        private final Iterator<Value> items;
        private final Node.For statement;
        private final Scope scope;
        private @Nullable Value next;

        Chosen(Iterator<Value> items, Node.For statement, Scope scope) {
            this.items = items;
            this.statement = statement;
            this.scope = scope;
        }

        @Override
        public boolean hasNext() {
            while (next == null && items.hasNext()) {
                step();
                Value item = items.next();
                Scope inner = scope.inner();
                assign(statement.target(), item, inner);
                if (statement.condition() == null || Evaluator.isTrue(statement.condition(), inner)) {
                    next = item;
                }
            }
            return next != null;
        }

        @Override
        public Value next() {
            if (!hasNext() || next == null) {
                throw new NoSuchElementException();
            }
            Value item = next;
            next = null;
            return item;
        }
    }

    private void step() {
        if (++steps > Limits.STEPS) {
            throw new JinjaException("the template runs longer than " + Limits.STEPS + " steps");
        }
    }

    private Value deeper(Supplier<Value> body) {
        step();
        if (++depth > Limits.DEPTH) {
            throw new JinjaException("macros or loops are nested deeper than " + Limits.DEPTH);
        }
        try {
            return body.get();
        } finally {
            depth--;
        }
    }

    private static void assign(Target target, Value value, Scope scope) {
        switch (target) {
            case Node.NameTarget t -> scope.set(t.name(), value);
            case Node.AttributeTarget t -> {
                if (!(scope.get(t.namespace()) instanceof Namespace namespace)) {
                    throw new JinjaException("cannot assign attribute on non-namespace object");
                }
                namespace.set(t.attribute(), value);
            }
            case Node.TupleTarget t -> {
                List<Value> values = Operators.toList(value);
                if (values.size() != t.targets().size()) {
                    throw new JinjaException("expected %d values to unpack, got %d"
                            .formatted(t.targets().size(), values.size()));
                }
                for (int i = 0; i < values.size(); i++) {
                    assign(t.targets().get(i), values.get(i), scope);
                }
            }
        }
    }

    /** A macro, with the variables that were around it where it was defined. */
    private final class Macro implements Instance {
        private final MacroCode code;
        private final Scope definedIn;

        Macro(MacroCode code, Scope definedIn) {
            this.code = code;
            this.definedIn = definedIn;
        }

        @Override
        public boolean callable() {
            return true;
        }

        @Override
        public Value call(Arguments arguments) {
            int caller = line;
            Value text = deeper(() -> Str.of(render(code.body(), bind(arguments))));
            line = caller;
            return text;
        }

        private Scope bind(Arguments arguments) {
            Scope scope = definedIn.inner();
            Map<String, Value> named = new LinkedHashMap<>(arguments.named());
            List<String> parameters = code.parameters();
            int given = Math.min(arguments.positional().size(), parameters.size());
            for (int i = 0; i < given; i++) {
                scope.set(parameters.get(i), arguments.positional().get(i));
            }
            List<String> missing = new ArrayList<>();
            for (String parameter : parameters.subList(given, parameters.size())) {
                Value value = named.remove(parameter);
                if (value == null) {
                    missing.add(parameter);
                    value = new Undefined("parameter '" + parameter + "' was not provided");
                }
                scope.set(parameter, value);
            }
            for (String parameter : missing) {
                int fromEnd = parameters.size() - parameters.indexOf(parameter);
                if (fromEnd <= code.defaults().size()) {
                    Node.Expression value = code.defaults().get(code.defaults().size() - fromEnd);
                    scope.set(parameter, Evaluator.evaluate(value, scope));
                }
            }
            bindSpecial(arguments, named, scope);
            return scope;
        }

        private void bindSpecial(Arguments arguments, Map<String, Value> named, Scope scope) {
            if (code.special().contains("caller") && !code.parameters().contains("caller")) {
                Value caller = named.remove("caller");
                scope.set("caller", caller != null ? caller : new Undefined("No caller defined"));
            }
            if (code.special().contains("kwargs")) {
                Map<Value, Value> rest = new LinkedHashMap<>();
                named.forEach((name, value) -> rest.put(Str.of(name), value));
                scope.set("kwargs", new Dict(rest));
            } else if (!named.isEmpty()) {
                throw new JinjaException("macro '" + code.name() + "' takes no keyword argument '"
                        + named.keySet().iterator().next() + "'");
            }
            int parameters = code.parameters().size();
            if (code.special().contains("varargs")) {
                scope.set("varargs", new Seq(arguments.from(parameters).positional(), Seq.Kind.TUPLE));
            } else if (arguments.positional().size() > parameters) {
                throw new JinjaException(
                        "macro '" + code.name() + "' takes not more than " + parameters + " argument(s)");
            }
        }

        @Override
        public @Nullable Value attribute(String name) {
            return switch (name) {
                case "name" -> Str.of(code.name());
                case "arguments" -> new Seq(List.copyOf(Operators.toList(Value.of(code.parameters()))), Seq.Kind.TUPLE);
                case "caller" -> Bool.of(code.special().contains("caller"));
                case "catch_kwargs" -> Bool.of(code.special().contains("kwargs"));
                case "catch_varargs" -> Bool.of(code.special().contains("varargs"));
                default -> null;
            };
        }

        @Override
        public String type() {
            return "Macro '" + code.name() + "'";
        }
    }
}
