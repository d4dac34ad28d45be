/* Arguments of the kernels that change every element by itself.
 *
 * `table` holds the result for each of the 256 bytes that an element can be. Real numbers and quantized ones are
 * related by real = scale * (q - zero_point). */
#ifndef HB_UNARY_H
#define HB_UNARY_H

#include "hb_kernel.h"

typedef struct {
    int32_t channels;
    const uint8_t *table;
    int32_t zero_point;
    float scale, low, high;
} hb_unary_args;

#endif
