/* RESHAPE where input and output do not share their bytes: a copy.
 *
 * [kernel]
 * op = ["RESHAPE"]
 * input = ["int8", "uint8", "int16", "int32", "float32"]
 */
#ifndef HB_COPY_H
#define HB_COPY_H

#include "hb_move.h"

HB_KERNEL void hb_copy(const void *in, void *out, const hb_copy_args *p)
{
    memcpy(out, in, (size_t)p->bytes);
}

#endif
