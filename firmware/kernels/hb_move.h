/* Arguments of the kernels that move elements of `size` bytes without looking at them. */
#ifndef HB_MOVE_H
#define HB_MOVE_H

#include <string.h>

#include "hb_kernel.h"

/* One input of CONCATENATION; it begins at pixel (top, left), channel `front` of the output. */
typedef struct {
    int32_t rows, cols, channels, out_channels, top, left, front, size;
    const uint8_t *table; /* result for each byte, where the input's quantization is not the output's */
} hb_concatenation_args;

/* The input begins at pixel (top, left), channel `front` of the output; around it lie bytes of value `fill`. */
typedef struct {
    int32_t rows, cols, channels, out_channels, top, left, front, size, fill;
} hb_pad_args;

/* Axes of the output, outermost first, with the distance in elements at which they lie in the input. */
typedef struct {
    int32_t length[6], stride[6], size;
} hb_transpose_args;

/* Output row y is input row rows[y], likewise for columns. */
typedef struct {
    int32_t channels, size;
    const int16_t *rows, *cols;
} hb_resize_args;

typedef struct {
    int32_t bytes;
} hb_copy_args;

#endif
