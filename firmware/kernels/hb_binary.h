/* Arguments of the kernels that combine two tensors element by element.
 *
 * The output has `channels` channels. `a_y` is 1 where operand a has as many rows as the output and 0 where its one row
 * serves all of them (broadcasting); likewise for columns, channels, and operand b.
 */
#ifndef HB_BINARY_H
#define HB_BINARY_H

#include "hb_kernel.h"

typedef struct {
    int32_t channels;
    int32_t a_y, a_x, a_c, b_y, b_x, b_c;
    int32_t left_shift, a_offset, a_multiplier, a_shift, b_offset, b_multiplier, b_shift, subtract; /* ADD, SUB */
    int32_t output_offset, multiplier, shift, low, high;
    int32_t solved_a, solved_b, solved_c, solved_shift; /* ADD, SUB */
} hb_binary_int8_args;

typedef struct {
    int32_t channels;
    int32_t a_y, a_x, a_c, b_y, b_x, b_c;
    enum { HB_ADD, HB_SUB, HB_MUL } operation;
    float low, high;
} hb_binary_float32_args;

#endif
