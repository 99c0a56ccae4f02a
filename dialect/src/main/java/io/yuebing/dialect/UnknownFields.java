package io.yuebing.dialect;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the log, once for each name, of request fields that nothing reads. */
final class UnknownFields {
    private static final Logger LOG = LoggerFactory.getLogger(UnknownFields.class);

    /** So that a client inventing names fills neither memory nor log. */
    private static final int MOST = 200;

    private final Set<String> reported = ConcurrentHashMap.newKeySet();

    void report(RequestFields fields) {
        for (String name : fields.unknown()) {
            if (reported.size() < MOST && name.length() <= 100 && reported.add(name)) {
                LOG.info("request field \"{}\" is unknown and ignored", name.replaceAll("[^\\x21-\\x7e]", "?"));
            }
        }
    }
}
