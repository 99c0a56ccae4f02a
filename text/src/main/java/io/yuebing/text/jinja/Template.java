package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Node.Statement;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Jinja2 template, rendered as transformers renders chat templates: sandboxed, without autoescaping, with
 * {@code trim_blocks}, {@code lstrip_blocks}, {@code break} and {@code continue}, {@code generation} blocks, and
 * {@code tojson}, {@code raise_exception} and {@code strftime_now}.
 *
 * <p>Immutable and thread-safe.
 */
public final class Template {
    private final List<Statement> statements;

    private Template(List<Statement> statements) {
        this.statements = statements;
    }

    /** @throws JinjaException with the line of what cannot be read */
    public static Template parse(String source) {
        try {
            return new Template(Parser.parse(source));
        } catch (StackOverflowError e) {
            throw new JinjaException("the template is nested too deeply");
        }
    }

    /**
     * Renders the template.
     *
     * @param variables what the template can name, as maps, lists, strings, numbers, booleans and nulls
     * @param clock what {@code strftime_now} reads
     * @throws JinjaException if the template fails, says so with {@code raise_exception}, or exceeds a limit
     */
    public String render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
        Map<String, Value> names = new HashMap<>(Globals.all(clock));
        Interpreter interpreter = new Interpreter();
        try {
            variables.forEach((name, value) -> names.put(name, Value.of(value)));
            return interpreter.render(statements, Scope.of(names));
        } catch (JinjaException e) {
            throw e.atLine(interpreter.line());
        } catch (StackOverflowError e) {
            throw new JinjaException("the template recurses too deeply").atLine(interpreter.line());
        }
    }
}
