/* Arguments of the pooling kernels: a sliding window per channel; padding takes no part. */
#ifndef HB_POOL_H
#define HB_POOL_H

#include "hb_kernel.h"

typedef struct {
    int32_t in_rows, in_cols, channels;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t low, high;
} hb_pool_int8_args;

/* sum / count, halves away from zero. */
HB_KERNEL int8_t hb_average_int8(int32_t sum, int32_t count, const hb_pool_int8_args *p)
{
    const int32_t half = sum > 0 ? count / 2 : -(count / 2);
    return (int8_t)hb_clamp((sum + half) / count, p->low, p->high);
}

typedef struct {
    int32_t in_rows, in_cols, channels;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    float low, high;
} hb_pool_float32_args;

#endif
