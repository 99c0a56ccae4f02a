package io.yuebing.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shared arena whose memory lies in pages of 2 MiB, where Linux gives them.
 *
 * <p>Computing a token reads all weights once; with pages of 4 KiB the processor then spends a third of the time on
 * finding out where they are. Where they cannot be had memory comes in small ones: a {@link PageFallback}, logged at first
 * and counted.
 *
 * <p>Allocations share slabs, so that small ones waste no page. Memory is taken when it is first written, not before.
 */
public final class LargePageArena implements Arena {
    private static final long PAGE = 2 << 20;

    /** Address space asked for at once; larger allocations have slabs of their own. */
    private static final long SLAB = 64 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(LargePageArena.class);
    private static final Map<PageFallback, LongAdder> FALLBACKS = new ConcurrentHashMap<>();
    private static final Optional<PageFallback> OBSTACLE = PageFallback.obstacle(
            System.getProperty("os.name"),
            LargePageArena.class.getModule().isNativeAccessEnabled(),
            PageFallback.linuxSetting());

    private final Arena owner = Arena.ofShared();
    private MemorySegment slab = MemorySegment.NULL;
    private long used;

    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        if (bytes < 1 || alignment > PAGE) {
            return owner.allocate(bytes, alignment);
        }
        if (OBSTACLE.isPresent()) {
            count(OBSTACLE.get());
            return owner.allocate(bytes, alignment);
        }
        if (!owner.scope().isAlive()) {
            throw new IllegalStateException("The arena is closed");
        }
        long at = Math.ceilDiv(used, alignment) * alignment;
        if (at > slab.byteSize() - bytes) {
            MemorySegment fresh = PageCalls.map(Math.max(SLAB, bytes), owner);
            if (fresh.byteSize() == 0) {
                count(PageFallback.NO_ROOM);
                return owner.allocate(bytes, alignment);
            }
            slab = fresh;
            at = 0;
        }
        used = at + bytes;
        return slab.asSlice(at, bytes);
    }

    @Override
    public MemorySegment.Scope scope() {
        return owner.scope();
    }

    @Override
    public void close() {
        owner.close();
    }

    private static void count(PageFallback fallback) {
        FALLBACKS
                .computeIfAbsent(fallback, first -> {
                    LOG.info(
                            "weights or KV cache lie in small pages, computing takes up to half as long again: {}",
                            first.sentence());
                    return new LongAdder();
                })
                .increment();
    }

    /** How many pieces of memory came in small pages for this reason since the start of the process. */
    public static long fallbacks(PageFallback which) {
        LongAdder counted = FALLBACKS.get(which);
        return counted == null ? 0 : counted.sum();
    }

    /** The functions of Linux that give memory, with the constants of its {@code mman.h}. */
    private static final class PageCalls {
        private static final int READ_AND_WRITE = 0x3;
        private static final int PRIVATE_ANONYMOUS = 0x22;
        private static final int MADV_HUGEPAGE = 14;
        private static final long MAP_FAILED = -1;

        private static final MethodHandle MAP = function(
                "mmap",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        private static final MethodHandle ADVISE = function(
                "madvise",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        private static final MethodHandle UNMAP = function(
                "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

        private PageCalls() {}

        @SuppressWarnings("restricted")
        private static MethodHandle function(String name, FunctionDescriptor descriptor) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
        }

        /** Zeros from a page's beginning on, which go with the owner; none if the system has no room. */
        @SuppressWarnings("restricted")
        static MemorySegment map(long bytes, Arena owner) {
            long mapped = bytes + PAGE;
            try {
                long address = (long) MAP.invokeExact(0L, mapped, READ_AND_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
                if (address == MAP_FAILED) {
                    return MemorySegment.NULL;
                }
                MemorySegment all =
                        MemorySegment.ofAddress(address).reinterpret(mapped, owner, gone -> unmap(address, mapped));
                long first = Math.ceilDiv(address, PAGE) * PAGE;
                if ((int) ADVISE.invokeExact(first, bytes, MADV_HUGEPAGE) != 0) {
                    count(PageFallback.REFUSED);
                }
                return all.asSlice(first - address, bytes);
            } catch (Throwable t) {
                throw new IllegalStateException("memory could not be asked for", t);
            }
        }

        private static void unmap(long address, long bytes) {
            try {
                int ignored = (int) UNMAP.invokeExact(address, bytes);
            } catch (Throwable t) {
                throw new IllegalStateException("memory could not be given back", t);
            }
        }
    }
}
