/** JSON files as models are published with, read with errors for people. */
@org.jspecify.annotations.NullMarked
package io.yuebing.model.json;
