/** The decoder-only transformer that all families share, and what each family declares of itself. */
@org.jspecify.annotations.NullMarked
package io.yuebing.model.decoder;
