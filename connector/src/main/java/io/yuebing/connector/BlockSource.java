package io.yuebing.connector;

import io.yuebing.engine.BlockReservation;
import java.time.Duration;

/** Where reservations get their blocks from: {@code engine::reserve}. */
@FunctionalInterface
public interface BlockSource {

    /**
     * Takes blocks for {@code tokens} tokens.
     *
     * @param patience how long to wait for room
     * @throws io.yuebing.api.ServiceException with code {@code OVERLOADED} if there is no room after that
     */
    BlockReservation reserve(int tokens, Duration patience) throws InterruptedException;
}
