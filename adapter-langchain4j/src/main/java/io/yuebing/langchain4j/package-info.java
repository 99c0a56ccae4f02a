/** LangChain4j's chat models on a {@link io.yuebing.library.Engine}. */
@org.jspecify.annotations.NullMarked
package io.yuebing.langchain4j;
