/** Programs that use the library; docs/LIBRARY.md explains them. Each takes the path of a model, or runs the bundled one. */
@org.jspecify.annotations.NullMarked
package io.yuebing.examples;
