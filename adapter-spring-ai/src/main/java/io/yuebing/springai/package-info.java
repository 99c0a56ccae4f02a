/** Spring AI's chat model on a {@link io.yuebing.library.Engine}. */
@org.jspecify.annotations.NullMarked
package io.yuebing.springai;
