/** What a model thinks before it answers, told apart from the answer. Pure logic. */
@NullMarked
package io.yuebing.dialect.reasoning;

import org.jspecify.annotations.NullMarked;
