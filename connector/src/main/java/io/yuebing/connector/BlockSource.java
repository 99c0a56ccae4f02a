package io.yuebing.connector;

import io.yuebing.engine.BlockReservation;
import io.yuebing.engine.KvPrefix;
import java.time.Duration;

/** Where reservations get their blocks from: {@code engine::reserve}. */
@FunctionalInterface
public interface BlockSource {

    /**
     * Takes blocks for tokens that somebody else computes; those that are cached come first and are not written to.
     *
     * @param patience how long to wait for room
     * @throws io.yuebing.api.ServiceException with code {@code OVERLOADED} if there is no room after that
     */
    BlockReservation reserve(KvPrefix prefix, Duration patience) throws InterruptedException;
}
