/* Arguments of the fully connected kernels: `batches` rows of `inputs` numbers give rows of `outputs` numbers.
 *
 * Weights are [outputs][inputs]. Sparse weights are kept per output: `counts` entries each, an entry being a weight in
 * `values` and in `gaps` the distance from the input of the entry before it (from input 0 for the first); a distance
 * over 254 is bridged by entries of weight 0.
 */
#ifndef HB_FULLY_CONNECTED_H
#define HB_FULLY_CONNECTED_H

#include "hb_kernel.h"

typedef struct {
    int32_t batches, inputs, outputs;
    int32_t input_offset, output_offset, low, high;
    int32_t packed_inputs; /* `inputs` filled up to a multiple of eight */
    const int8_t *weights, *values, *packed;
    const uint8_t *gaps;
    const uint16_t *counts;
    const int32_t *bias, *packed_bias, *multiplier;
    const int8_t *shift;
    const int32_t *sparse_singles; /* a stream of hb_sparse.h */
    const int32_t *whole_bias;     /* makes sums of products of plain bytes whole */
} hb_fully_connected_int8_args;

typedef struct {
    int32_t batches, inputs, outputs;
    float low, high;
    const float *weights, *values;
    const uint8_t *gaps;
    const uint16_t *counts;
    const float *bias;
} hb_fully_connected_float32_args;

#endif
