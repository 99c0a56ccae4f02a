package io.yuebing.dialect;

import io.yuebing.api.GenerateRequest;

/**
 * One choice of a client request.
 *
 * @param index its place among the choices
 * @param prompt what it continues
 * @param request what is generated
 */
record Sequence(int index, Prompt prompt, GenerateRequest request) {}
