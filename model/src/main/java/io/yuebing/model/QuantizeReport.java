package io.yuebing.model;

import java.util.List;

/**
 * What quantisation did to a model.
 *
 * @param perplexityBefore of the original on the text that was kept aside
 * @param perplexityAfter of the quantised model, as read back from its files, on the same text
 * @param matrices that were quantised
 * @param uncalibrated those among them that no calibration token reached, so that they were just rounded: rarely used
 *     experts
 * @param left matrices that stay as they are: their sizes do not suit the packing, or they are multiplied from both sides
 * @param bytesBefore of all tensors
 * @param bytesAfter of all tensors
 */
public record QuantizeReport(
        double perplexityBefore,
        double perplexityAfter,
        int matrices,
        int uncalibrated,
        List<String> left,
        long bytesBefore,
        long bytesAfter) {
    public QuantizeReport {
        left = List.copyOf(left);
    }
}
