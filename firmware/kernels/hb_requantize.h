/* Multiplication of an int32 by a real number, given as multiplier * 2^(shift - 31), exactly as TensorFlow Lite Micro
 * rounds it: once in the doubling high multiply, once more in the shift right (gemmlowp, fixedpoint.h; Jacob et al.
 * 2018, section 2.2). */
#ifndef HB_REQUANTIZE_H
#define HB_REQUANTIZE_H

#include "hb_kernel.h"

/* round(a * b / 2^31), halves towards plus infinity; a = b = INT32_MIN saturates. */
HB_KERNEL int32_t hb_high_multiply(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* The same in products of halfwords, for cores without long multiplication; b >= 0. */
HB_KERNEL int32_t hb_high_multiply_halves(int32_t a, int32_t b)
{
    const int32_t a_high = a >> 16, a_low = a & 0xffff, b_high = b >> 16, b_low = b & 0xffff;
    /* What is worth 2^16; each sum stays below 2^31. */
    const int32_t first = a_high * b_low + (int32_t)((uint32_t)a_low * (uint32_t)b_low >> 16);
    const int32_t second = a_low * b_high + (first & 0xffff);
    const int32_t high = a_high * b_high + (first >> 16) + (second >> 16);
    return (int32_t)(2 * (uint32_t)high + (((uint32_t)second << 16 >> 30) + 1) / 2);
}

/* round(value / 2^exponent), halves away from zero; 0 <= exponent <= 31. */
HB_KERNEL int32_t hb_shift_right(int32_t value, int32_t exponent)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
    const int32_t threshold = (mask >> 1) + (value < 0);
    return (value >> exponent) + ((value & mask) > threshold);
}

/* value * 2^exponent modulo 2^32. */
HB_KERNEL int32_t hb_shift_left(int32_t value, int32_t exponent)
{
    return (int32_t)((uint32_t)value << exponent);
}

HB_KERNEL int32_t hb_requantize(int32_t value, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
    return hb_shift_right(hb_high_multiply_halves(hb_shift_left(value, left), multiplier), right);
#else
    return hb_shift_right(hb_high_multiply(hb_shift_left(value, left), multiplier), right);
#endif
}

/* The int8 output of an accumulator. Sums are unsigned because they wrap around, as in a register. */
HB_KERNEL int8_t hb_requantize_int8(uint32_t sum, int32_t multiplier, int32_t shift, int32_t offset, int32_t low,
                                    int32_t high)
{
    const int32_t scaled = hb_requantize((int32_t)sum, multiplier, shift);
    return (int8_t)(hb_clamp(scaled, low - offset, high - offset) + offset);
}

#endif
