package io.yuebing.kernels;

/** The text that says how a panel matrix is packed: {@code panels NIBBLE 896 4864 128 half-scales middle INT8}. */
record PanelForm(PanelShape shape, ComputeMode mode) {
    private static final String NAME = "panels";
    private static final String HALF = "half-scales";
    private static final String FLOAT = "float-scales";
    private static final String ZEROS = "zeros";
    private static final String MIDDLE = "middle";
    private static final int WORDS = 8;

    String text() {
        return String.join(
                " ",
                NAME,
                shape.encoding().name(),
                String.valueOf(shape.outputs()),
                String.valueOf(shape.inputs()),
                String.valueOf(shape.groupSize()),
                shape.halfScales() ? HALF : FLOAT,
                shape.ownZeros() ? ZEROS : MIDDLE,
                mode.name());
    }

    /** @throws IllegalArgumentException if it is no such text */
    static PanelForm parse(String text) {
        String[] words = text.split(" ", -1);
        if (words.length != WORDS || !words[0].equals(NAME)) {
            throw new IllegalArgumentException("'" + text + "' is no form of a packed matrix");
        }
        PanelShape shape = new PanelShape(
                PanelEncoding.valueOf(words[1]),
                positive(words[2]),
                positive(words[3]),
                positive(words[4]),
                words[5].equals(HALF),
                words[6].equals(ZEROS));
        return new PanelForm(shape, ComputeMode.valueOf(words[7]));
    }

    private static int positive(String number) {
        int value = Integer.parseInt(number);
        if (value < 1) {
            throw new IllegalArgumentException("A packed matrix has no size of " + value);
        }
        return value;
    }
}
