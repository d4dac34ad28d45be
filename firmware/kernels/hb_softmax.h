/* Arguments of SOFTMAX over the channels of every pixel.
 *
 * `exponentials[d]` is exp(beta * scale * -d) in Q0.31, for `exponentials_length` differences d from the largest
 * number; beyond the table it is 0. */
#ifndef HB_SOFTMAX_H
#define HB_SOFTMAX_H

#include "hb_kernel.h"

typedef struct {
    int32_t channels, exponentials_length;
    const int32_t *exponentials;
    float beta;
} hb_softmax_args;

#endif
