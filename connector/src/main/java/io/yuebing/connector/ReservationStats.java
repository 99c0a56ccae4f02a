package io.yuebing.connector;

/**
 * The state of a {@link ReservationTable}.
 *
 * @param open reservations that are neither taken, released nor expired
 * @param bytesReserved KV bytes of their blocks
 * @param bytesReceived KV bytes of accepted writes, repetitions included, since the start
 * @param oldestLeaseSeconds age of the oldest open reservation; 0 without one
 * @param resumed reservations that were taken, since the start
 * @param released reservations given back before they were taken, since the start
 * @param expired reservations ended by their deadline, since the start
 * @param refusedWrites writes that were refused, since the start
 */
public record ReservationStats(
        int open,
        long bytesReserved,
        long bytesReceived,
        double oldestLeaseSeconds,
        long resumed,
        long released,
        long expired,
        long refusedWrites) {}
