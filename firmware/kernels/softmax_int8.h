/* SOFTMAX, int8, over the last axis, in the fixed-point arithmetic of TensorFlow Lite Micro (gemmlowp, fixedpoint.h).
 *
 * Qm.n has m integer and n fractional bits.
 *
 * [kernel]
 * op = ["SOFTMAX"]
 * input = ["int8"]
 * in_place = true
 * arrays = ["exponentials"]
 */
#ifndef HB_SOFTMAX_INT8_H
#define HB_SOFTMAX_INT8_H

#include "hb_requantize.h"
#include "hb_softmax.h"

HB_KERNEL int32_t hb_softmax_shift_left(int32_t value, int32_t bits)
{
    const int64_t wide = (int64_t)value * (1 << bits);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* 1 / (1 + value) for 0 <= value < 1 in Q0.31: three Newton-Raphson steps from 48/17 - 32/17 d, in Q2.29. */
HB_KERNEL int32_t hb_softmax_one_over_one_plus(int32_t value)
{
    const int32_t half = (int32_t)(((int64_t)value + INT32_MAX + 1) / 2);
    int32_t x = 1515870810 + hb_high_multiply(half, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - hb_high_multiply(half, x);
        x += hb_softmax_shift_left(hb_high_multiply(x, error), 2);
    }
    return hb_softmax_shift_left(x, 1);
}

HB_KERNEL int32_t hb_softmax_exponential(int32_t difference, const hb_softmax_args *p)
{
    return difference < p->exponentials_length ? p->exponentials[difference] : 0;
}

HB_KERNEL void hb_softmax_int8_pixel(const int8_t *input, int8_t *result, const hb_softmax_args *p)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < p->channels; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->channels; i++) {
        sum += (uint32_t)hb_shift_right(hb_softmax_exponential(largest - input[i], p), 12);
    }
    const int32_t headroom = __builtin_clz(sum);
    const int32_t scale = hb_softmax_one_over_one_plus((int32_t)((sum << headroom) - UINT32_C(0x80000000)));
    const int32_t exponent = 12 - headroom + 31 - 8;
    for (int32_t i = 0; i < p->channels; i++) {
        const int32_t share = hb_high_multiply(scale, hb_softmax_exponential(largest - input[i], p));
        const int32_t scaled = exponent > 31 ? 0 : hb_shift_right(share, exponent);
        result[i] = (int8_t)hb_clamp(scaled + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

HB_KERNEL void hb_softmax_int8(hb_view in, hb_view out, hb_region at, const hb_softmax_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int8_t *input = (const int8_t *)in.data + hb_at(&in, y, x, p->channels);
            hb_softmax_int8_pixel(input, (int8_t *)out.data + hb_at(&out, y, x, p->channels), p);
        }
    }
}

#endif
