package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Node.CallArguments;
import io.yuebing.text.jinja.Node.Expression;
import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Computes the values of expressions. */
final class Evaluator {
    private Evaluator() {}

    static Value evaluate(Expression expression, Scope scope) {
        return switch (expression) {
            case Node.Constant e -> e.value();
            case Node.Name e -> scope.get(e.name());
            case Node.ListLiteral e -> new Seq(all(e.items(), scope), e.tuple() ? Seq.Kind.TUPLE : Seq.Kind.LIST);
            case Node.DictLiteral e -> dict(e, scope);
            case Node.Attribute e -> Attributes.attribute(evaluate(e.object(), scope), e.name());
            case Node.Item e -> Attributes.item(evaluate(e.object(), scope), evaluate(e.key(), scope));
            case Node.Slice e ->
                Operators.slice(
                        evaluate(e.object(), scope),
                        orNone(e.from(), scope),
                        orNone(e.to(), scope),
                        orNone(e.step(), scope));
            case Node.Call e -> call(evaluate(e.function(), scope), arguments(e.arguments(), scope));
            case Node.FilterCall e -> filter(e, e.value() == null ? Str.EMPTY : evaluate(e.value(), scope), scope);
            case Node.TestCall e ->
                Bool.of(Tests.apply(e.name(), evaluate(e.value(), scope), arguments(e.arguments(), scope)));
            case Node.Not e -> Bool.of(!isTrue(e.operand(), scope));
            case Node.And e -> {
                Value left = evaluate(e.left(), scope);
                yield Operators.isTrue(left) ? evaluate(e.right(), scope) : left;
            }
            case Node.Or e -> {
                Value left = evaluate(e.left(), scope);
                yield Operators.isTrue(left) ? left : evaluate(e.right(), scope);
            }
            case Node.Unary e -> Operators.unary(e.operator(), evaluate(e.operand(), scope));
            case Node.Binary e -> Operators.binary(e.operator(), evaluate(e.left(), scope), evaluate(e.right(), scope));
            case Node.Concatenation e -> concatenation(e, scope);
            case Node.Comparison e -> comparison(e, scope);
            case Node.Conditional e -> conditional(e, scope);
        };
    }

    static boolean isTrue(Expression expression, Scope scope) {
        return Operators.isTrue(evaluate(expression, scope));
    }

    private static Value orNone(@Nullable Expression expression, Scope scope) {
        return expression == null ? None.NONE : evaluate(expression, scope);
    }

    private static List<Value> all(List<Expression> expressions, Scope scope) {
        List<Value> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private static Value dict(Node.DictLiteral literal, Scope scope) {
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (int i = 0; i < literal.keys().size(); i++) {
            Value key = Operators.hashable(evaluate(literal.keys().get(i), scope));
            entries.put(key, evaluate(literal.values().get(i), scope));
        }
        return new Dict(Collections.unmodifiableMap(entries));
    }

    /** The filter with {@code input} at the head of its chain. */
    static Value filter(Node.FilterCall filter, Value input, Scope scope) {
        return Filters.apply(filter.name(), input, arguments(filter.arguments(), scope));
    }

    /** A chain of filters as it stands at the head of a block, applied to the block's text. */
    static Value filterBlock(Node.FilterCall chain, Value text, Scope scope) {
        Value input = chain.value() instanceof Node.FilterCall inner ? filterBlock(inner, text, scope) : text;
        return filter(chain, input, scope);
    }

    static Arguments arguments(CallArguments call, Scope scope) {
        List<Value> positional = all(call.positional(), scope);
        if (call.morePositional() != null) {
            positional.addAll(Operators.toList(evaluate(call.morePositional(), scope)));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        for (int i = 0; i < call.names().size(); i++) {
            addNamed(named, call.names().get(i), evaluate(call.named().get(i), scope));
        }
        if (call.moreNamed() != null) {
            if (!(evaluate(call.moreNamed(), scope) instanceof Dict more)) {
                throw new JinjaException("argument after ** must be a mapping");
            }
            more.entries().forEach((name, value) -> addNamed(named, Representation.str(name), value));
        }
        return new Arguments(positional, named);
    }

    private static void addNamed(Map<String, Value> named, String name, Value value) {
        if (named.put(name, value) != null) {
            throw new JinjaException("got multiple values for keyword argument '" + name + "'");
        }
    }

    static Value call(Value function, Arguments arguments) {
        return switch (function) {
            case Instance instance -> instance.call(arguments);
            case Undefined u -> throw u.failure();
            default -> throw new JinjaException("'" + Operators.typeName(function) + "' object is not callable");
        };
    }

    private static Value concatenation(Node.Concatenation concatenation, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Expression part : concatenation.parts()) {
            text.append(Representation.str(evaluate(part, scope)));
            Limits.checkText(text.length());
        }
        return Str.of(text.toString());
    }

    private static Value comparison(Node.Comparison comparison, Scope scope) {
        Value left = evaluate(comparison.first(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Value right = evaluate(comparison.operands().get(i), scope);
            if (!Operators.compare(comparison.operators().get(i), left, right)) {
                return Bool.FALSE;
            }
            left = right;
        }
        return Bool.TRUE;
    }

    private static Value conditional(Node.Conditional conditional, Scope scope) {
        if (isTrue(conditional.condition(), scope)) {
            return evaluate(conditional.then(), scope);
        }
        return conditional.otherwise() != null
                ? evaluate(conditional.otherwise(), scope)
                : new Undefined("the inline if-expression evaluated to false and no else section was defined.");
    }
}
