package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** A regular expression of a configuration that must match the beginning of a layer's name, as Python's re.match. */
record LayerPattern(Pattern pattern) {

    /**
     * Compiles an expression.
     *
     * @throws UserError if it is none
     */
    static LayerPattern of(JsonObject json, String expression) {
        try {
            return new LayerPattern(Pattern.compile(expression));
        } catch (PatternSyntaxException | StackOverflowError e) {
            throw new UserError(
                    json.file() + ": '" + expression + "' names layers by a regular expression that is not valid", e);
        }
    }

    boolean matches(String layer) {
        return pattern.matcher(layer).lookingAt();
    }
}
