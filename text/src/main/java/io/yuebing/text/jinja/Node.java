package io.yuebing.text.jinja;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The syntax tree of a template. */
sealed interface Node {

    /** What computes a value. */
    sealed interface Expression extends Node {}

    record Constant(Value value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListLiteral(List<Expression> items, boolean tuple) implements Expression {}

    record DictLiteral(List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(Expression object, String name) implements Expression {}

    record Item(Expression object, Expression key) implements Expression {}

    record Slice(
            Expression object,
            @Nullable Expression from,
            @Nullable Expression to,
            @Nullable Expression step) implements Expression {}

    record Call(Expression function, CallArguments arguments) implements Expression {}

    /** A filter; without a value it stands at the head of a {@code filter} or {@code set} block. */
    record FilterCall(@Nullable Expression value, String name, CallArguments arguments, int line)
            implements Expression {}

    record TestCall(Expression value, String name, CallArguments arguments) implements Expression {}

    record Not(Expression operand) implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    record Unary(String operator, Expression operand) implements Expression {}

    record Binary(String operator, Expression left, Expression right) implements Expression {}

    /** Text put together by {@code ~}. */
    record Concatenation(List<Expression> parts) implements Expression {}

    /** {@code a < b <= c}: {@code first}, and each operator with what stands to its right. */
    record Comparison(Expression first, List<String> operators, List<Expression> operands) implements Expression {}

    record Conditional(
            Expression condition, Expression then, @Nullable Expression otherwise) implements Expression {}

    record CallArguments(
            List<Expression> positional,
            List<String> names,
            List<Expression> named,
            @Nullable Expression morePositional,
            @Nullable Expression moreNamed) {
        static final CallArguments NONE = new CallArguments(List.of(), List.of(), List.of(), null, null);
    }

    /** What can stand on the left of an assignment. */
    sealed interface Target {}

    record NameTarget(String name) implements Target {}

    record AttributeTarget(String namespace, String attribute) implements Target {}

    record TupleTarget(List<Target> targets) implements Target {}

    /** What writes text or changes variables. */
    sealed interface Statement extends Node {
        int line();
    }

    record Text(String text, int line) implements Statement {}

    record Print(Expression value, int line) implements Statement {}

    record If(List<Expression> conditions, List<List<Statement>> bodies, List<Statement> otherwise, int line)
            implements Statement {}

    record For(
            Target target,
            Expression iterable,
            @Nullable Expression condition,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    record Break(int line) implements Statement {}

    record Continue(int line) implements Statement {}

    record Assign(Target target, Expression value, int line) implements Statement {}

    record AssignBlock(Target target, @Nullable FilterCall filter, List<Statement> body, int line)
            implements Statement {}

    /** {@code with}, and every block that only keeps its variables to itself. */
    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement {}

    record FilterBlock(FilterCall filter, List<Statement> body, int line) implements Statement {}

    record MacroDefinition(MacroCode macro, int line) implements Statement {}

    /** A call that gets its body as the macro {@code caller}. */
    record CallBlock(MacroCode caller, Call call, int line) implements Statement {}

    /** A statement that cannot work here, such as {@code include} where there are no other templates. */
    record Impossible(String problem, int line) implements Statement {}

    /**
     * What a macro or a {@code call} block declares.
     *
     * @param defaults of the last parameters
     * @param special which of {@code caller}, {@code kwargs} and {@code varargs} the body uses, and so are taken
     */
    record MacroCode(
            String name,
            List<String> parameters,
            List<Expression> defaults,
            Set<String> special,
            List<Statement> body) {}
}
