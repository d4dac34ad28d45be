/* TRANSPOSE, any permutation of up to six axes.
 *
 * [kernel]
 * op = ["TRANSPOSE"]
 * input = ["int8", "float32"]
 */
#ifndef HB_TRANSPOSE_H
#define HB_TRANSPOSE_H

#include "hb_move.h"

HB_KERNEL void hb_transpose(const void *in, void *out, const hb_transpose_args *p)
{
    const uint8_t *input = in;
    uint8_t *result = out;
    int32_t at[6] = {0};
    int32_t from = 0;
    for (int32_t axis = 0; axis >= 0;) {
        memcpy(result, input + from * p->size, (size_t)p->size);
        result += p->size;
        /* Count up like an odometer: the axes that are at their end go back to 0, the one before them moves on. */
        for (axis = 5; axis >= 0; axis--) {
            from += p->stride[axis];
            if (++at[axis] < p->length[axis]) {
                break;
            }
            from -= p->length[axis] * p->stride[axis];
            at[axis] = 0;
        }
    }
}

#endif
