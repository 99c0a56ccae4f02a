package io.yuebing.grammar;

/**
 * Which bytes may come next within the UTF-8 form of one character beyond ASCII.
 *
 * @param first of the next byte's range
 * @param last of the next byte's range
 * @param left bytes that are still to come
 * @see <a href="https://www.rfc-editor.org/rfc/rfc3629#section-4">RFC 3629, section 4</a>
 */
record Utf8Form(int first, int last, int left) {
    /** Between characters. */
    static final Utf8Form NONE = new Utf8Form(1, 0, 0);

    /** After the first byte of a character; {@link #NONE} if none begins so. */
    static Utf8Form after(int lead) {
        if (lead < 0xC2 || lead > 0xF4) {
            return NONE;
        }
        int left = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        int first = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int last = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        return new Utf8Form(first, last, left);
    }

    boolean takes(int b) {
        return first <= b && b <= last;
    }

    /** After a byte that it takes. */
    Utf8Form next() {
        return left == 1 ? NONE : new Utf8Form(0x80, 0xBF, left - 1);
    }
}
