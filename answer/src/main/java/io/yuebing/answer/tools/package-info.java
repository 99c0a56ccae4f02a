/**
 * Tool calls in the text of models: one parser for each family of formats, fed with text as it is generated.
 *
 * <p>Every parser works character by character, so what it finds cannot depend on where tokens end. Pure logic.
 */
@NullMarked
package io.yuebing.answer.tools;

import org.jspecify.annotations.NullMarked;
