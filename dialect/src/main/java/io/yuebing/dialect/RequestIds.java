package io.yuebing.dialect;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.util.UUID;

/** Names for requests: the client's own where it is sane, otherwise 32 random hexadecimal digits. */
final class RequestIds {
    private static final HeaderName HEADER = HeaderNames.create("X-Request-Id");
    private static final int LONGEST = 128;

    private RequestIds() {}

    static String of(ServerRequest request) {
        return request.headers().first(HEADER).filter(RequestIds::isSane).orElseGet(RequestIds::fresh);
    }

    /** 1 to 128 visible ASCII characters: safe in a header, in a log line and in a JSON string. */
    static boolean isSane(String id) {
        return !id.isEmpty() && id.length() <= LONGEST && id.chars().allMatch(c -> c > ' ' && c < 127);
    }

    static String fresh() {
        return UUID.randomUUID().toString().replace("-", "");
    }
}
