package io.yuebing.cli.process;

import java.util.concurrent.CountDownLatch;

/** A process that does nothing but watch its parent. */
final class WatchedChild {
    private WatchedChild() {}

    public static void main(String[] arguments) throws InterruptedException {
        ParentWatch.start();
        System.out.println("watching");
        new CountDownLatch(1).await();
    }
}
