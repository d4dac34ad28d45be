/* Sums of four channels over many pixels, as two halfwords in each of two words: a load and two additions for four
 * numbers. */
#ifndef HB_COLUMNS_H
#define HB_COLUMNS_H

#include "hb_dsp.h"

/* Bytes 0 and 2, sign-extended, added to halfwords. */
HB_KERNEL uint32_t hb_sxtab16(uint32_t sums, uint32_t word)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sums), "r"(word));
    return result;
#else
    return hb_sadd16(sums, hb_sxtb16(word));
#endif
}

/* Bytes 1 and 3, sign-extended, added to halfwords. */
HB_KERNEL uint32_t hb_sxtab16_odd(uint32_t sums, uint32_t word)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sums), "r"(word));
    return result;
#else
    return hb_sadd16(sums, hb_sxtb16_odd(word));
#endif
}

/* So many numbers of -128 to 127 add up to 16 bits. */
#define HB_COLUMNS_MOST 255

/* Four channels of `count` pixels, `step` bytes apart, added to `sums`. */
HB_SHARED void hb_columns_add(const int8_t *pixel, int32_t count, int32_t step, int32_t sums[4])
{
    while (count > 0) {
        const int32_t some = count < HB_COLUMNS_MOST ? count : HB_COLUMNS_MOST;
        uint32_t even = 0, odd = 0;
#pragma GCC unroll 4
        for (int32_t i = 0; i < some; i++, pixel += step) {
            const uint32_t word = hb_load32(pixel);
            even = hb_sxtab16(even, word);
            odd = hb_sxtab16_odd(odd, word);
        }
        sums[0] += (int16_t)even, sums[1] += (int16_t)odd;
        sums[2] += (int32_t)even >> 16, sums[3] += (int32_t)odd >> 16;
        count -= some;
    }
}

#endif
