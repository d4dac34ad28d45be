/* What the generated model gives the harness, and what the harness gives the model.
 *
 * The model is model.c (one function per step) and weights.c; it knows nothing of the board. The harness is everything
 * else in the image and owns the link, the counter and the stack.
 */
#ifndef HB_MODEL_H
#define HB_MODEL_H

#include <stdint.h>

/* One graph input or output: where its bytes lie in the arena. An input whose offset is HB_STREAMED never lies there
 * whole: the model asks for the bytes when it needs them, from the first to the last; with HB_REREAD in any order, as
 * often as it needs them. */
typedef struct {
    uint32_t offset;
    uint32_t bytes;
} hb_port;

#define HB_STREAMED 0xffffffffu
#define HB_REREAD 0xfffffffeu

typedef struct {
    uint8_t *arena;
    uint32_t arena_bytes;
    uint16_t steps, inputs, outputs;
    const hb_port *input, *output;
    void (*run)(void);
} hb_model_info;

extern const hb_model_info hb_model;

/* Called by the model before each step and, with step == steps, after the last one. In a patch stage the same step
 * begins once per patch. Time between two calls belongs to the step of the first. A store to hb_step_mark is the mark
 * that the block profiler looks for. */
void hb_step_begin(uint16_t step);

/* Put bytes [offset, offset + bytes) of a streamed input at `to`: they come over the link, as from a camera, and the
 * time until they are there belongs to no step. */
void hb_input_fetch(uint16_t input, uint32_t offset, uint32_t bytes, void *to);

#endif
