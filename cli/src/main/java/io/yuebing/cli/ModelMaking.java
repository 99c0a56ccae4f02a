package io.yuebing.cli;

import io.yuebing.bench.make.Geometry;
import io.yuebing.bench.make.ModelMaker;
import io.yuebing.bench.make.WeightFormat;
import io.yuebing.cli.hub.Amounts;
import java.io.PrintWriter;
import java.nio.file.Path;

/** Makes the model that a command line asks for. */
final class ModelMaking {
    private ModelMaking() {}

    static void run(String geometry, String format, Path out, long seed, PrintWriter to) {
        Geometry sizes = Geometry.named(geometry);
        WeightFormat weights = WeightFormat.named(format);
        long bytes;
        try (ProgressLine progress = new ProgressLine(System.out, Terminal.detect(System.getenv()))) {
            bytes = ModelMaker.make(sizes, weights, out, seed, progress::at);
        }
        to.println("made " + out + ": " + geometry + ", " + format + ", seed " + seed + ", " + Amounts.bytes(bytes));
        to.flush();
    }
}
