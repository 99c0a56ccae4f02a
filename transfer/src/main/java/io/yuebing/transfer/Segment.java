package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;

/**
 * Memory that a process offers to writers elsewhere.
 *
 * <p>Does not own the memory: it must stay alive until the server that offers it is closed and the guard refuses every
 * write.
 *
 * @param name what writers ask for, at most 255 bytes of UTF-8
 * @param memory the bytes, accessible from any thread
 * @param guard decides over every write
 * @param greeting exchanged with each writer before its first write
 */
public record Segment(String name, MemorySegment memory, WriteGuard guard, Greeting greeting) {}
