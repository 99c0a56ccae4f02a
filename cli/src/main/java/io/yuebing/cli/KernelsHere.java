package io.yuebing.cli;

import io.yuebing.kernels.KernelChoice;

/** Which loops would compute here; apart from the command, for only this process has the module of kernels. */
final class KernelsHere {
    private KernelsHere() {}

    /** @param wish the setting {@code kernels} */
    static String describe(String wish) {
        KernelChoice.wish(wish);
        return KernelChoice.describe();
    }
}
