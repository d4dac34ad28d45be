/* Arguments of MEAN.
 *
 * The output's axes, outermost first, have lengths `kept` and lie `kept_stride` elements apart in the input; those that
 * are averaged over have `reduced` and `reduced_stride`. Axes that are not there have length 1. */
#ifndef HB_MEAN_H
#define HB_MEAN_H

#include "hb_kernel.h"

typedef struct {
    int32_t kept[3], kept_stride[3], reduced[3], reduced_stride[3];
    int32_t count, input_zero_point, output_zero_point, multiplier, shift;
} hb_mean_args;

#endif
