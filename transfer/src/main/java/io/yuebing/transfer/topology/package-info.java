/** Network cards, RDMA devices and NUMA nodes, as the kernel describes them in {@code /sys}. */
@org.jspecify.annotations.NullMarked
package io.yuebing.transfer.topology;
