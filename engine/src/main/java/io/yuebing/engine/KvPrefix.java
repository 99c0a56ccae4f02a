package io.yuebing.engine;

import io.yuebing.api.GenerateRequest;
import java.util.Arrays;
import java.util.Optional;

/**
 * The beginning of a sequence with all that the content of its KV blocks depends on.
 *
 * @param tokens token ids from the sequence's first on
 * @param cacheSalt as {@link GenerateRequest#cacheSalt()}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record KvPrefix(int[] tokens, Optional<String> cacheSalt) {

    /** The first {@code count} tokens of a request, prompt and given output together. */
    public static KvPrefix of(GenerateRequest request, int count) {
        return new KvPrefix(Arrays.copyOf(request.knownTokens(), count), request.cacheSalt());
    }
}
