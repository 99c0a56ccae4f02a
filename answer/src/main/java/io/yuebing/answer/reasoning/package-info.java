/** What a model thinks before it answers, told apart from the answer. Pure logic. */
@NullMarked
package io.yuebing.answer.reasoning;

import org.jspecify.annotations.NullMarked;
