/* Dot products and requantization with Helium, the vector extension of Armv8.1-M: 16 products of bytes in an instruction.
 *
 * Loops end with LETP, which switches off the lanes beyond the last element: no rest is left over. Where there is no
 * Helium (on the host), plain C of the same meaning takes its place.
 *
 * A requantized sum is clamp(offset + round(round(sum * multiplier / 2^31) * 2^shift)), the roundings those of
 * hb_requantize. It takes -22 <= shift <= -1, and sums below 2^30 (the fact `short_requantization`).
 */
#ifndef HB_MVE_H
#define HB_MVE_H

#include <string.h>

#include "hb_conv.h"
#include "hb_requantize.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>

typedef int32x4_t hb_four;

HB_KERNEL hb_four hb_four_of(const int32_t *numbers)
{
    return vldrwq_s32(numbers);
}

HB_KERNEL void hb_four_to(int32_t *numbers, hb_four four)
{
    vstrwq_s32(numbers, four);
}
#else
/* Four numbers, as a vector register holds them. */
typedef struct {
    int32_t of[4];
} hb_four;

HB_KERNEL hb_four hb_four_of(const int32_t *numbers)
{
    return (hb_four){{numbers[0], numbers[1], numbers[2], numbers[3]}};
}

HB_KERNEL void hb_four_to(int32_t *numbers, hb_four four)
{
    memcpy(numbers, four.of, sizeof four.of);
}
#endif

/* Bytes from one place to another. */
HB_KERNEL void hb_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
#if defined(__ARM_FEATURE_MVE)
    int8x16_t bytes;
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n"
                   "vldrb.8 %q[bytes], [%[from]], #16\n"
                   "vstrb.8 %q[bytes], [%[to]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [bytes] "=&w"(bytes), [from] "+r"(from), [to] "+r"(to)
                   : [count] "r"(count)
                   : "lr", "cc", "memory");
#else
    memcpy(to, from, (size_t)count);
#endif
}

/* One byte again and again. */
HB_KERNEL void hb_mve_fill(int8_t *to, int32_t byte, int32_t count)
{
#if defined(__ARM_FEATURE_MVE)
    const int8x16_t bytes = vdupq_n_s8((int8_t)byte);
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n"
                   "vstrb.8 %q[bytes], [%[to]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [to] "+r"(to)
                   : [count] "r"(count), [bytes] "w"(bytes)
                   : "lr", "cc", "memory");
#else
    memset(to, byte, (size_t)count);
#endif
}

/* `count` pixels of row y of a map, from column x on; what is outside becomes the bytes that stand for zero. */
HB_KERNEL void hb_mve_row(const hb_view *in, int32_t y, int32_t x, int32_t count, int8_t *to,
                          const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels;
    hb_span inside = hb_taps(x, 1, count, p->in_cols);
    if (y < 0 || y >= p->in_rows || inside.last < inside.first) {
        inside.first = inside.last = count;
    }
    if (inside.first > 0) {
        hb_mve_fill(to, -p->input_offset, inside.first * channels);
    }
    if (inside.last > inside.first) {
        hb_mve_copy(to + inside.first * channels, (const int8_t *)in->data + hb_at(in, y, x + inside.first, channels),
                    (inside.last - inside.first) * channels);
    }
    if (inside.last < count) {
        hb_mve_fill(to + inside.last * channels, -p->input_offset, (count - inside.last) * channels);
    }
}

/* The products of `count` > 0 bytes with those of four rows, which lie `pitch` bytes apart; sums begin with `begin`. */
HB_KERNEL hb_four hb_mve_dots(const int8_t *bytes, const int8_t *rows, int32_t pitch, int32_t count, int32_t begin)
{
#if defined(__ARM_FEATURE_MVE)
    const int8_t *a = rows, *b = a + pitch, *c = b + pitch, *d = c + pitch;
    int32_t sum_a = begin, sum_b = begin, sum_c = begin, sum_d = begin;
    int8x16_t shared, row;
    hb_four sums;
    __asm volatile("dlstp.8 lr, %[count]\n"
                   "1:\n"
                   "vldrb.8 %q[shared], [%[bytes]], #16\n"
                   "vldrb.8 %q[row], [%[a]], #16\n"
                   "vldrb.8 %q[sums], [%[b]], #16\n"
                   "vmladava.s8 %[sum_a], %q[row], %q[shared]\n"
                   "vldrb.8 %q[row], [%[c]], #16\n"
                   "vmladava.s8 %[sum_b], %q[sums], %q[shared]\n"
                   "vldrb.8 %q[sums], [%[d]], #16\n"
                   "vmladava.s8 %[sum_c], %q[row], %q[shared]\n"
                   "vmladava.s8 %[sum_d], %q[sums], %q[shared]\n"
                   "letp lr, 1b\n"
                   "vmov %q[sums][2], %q[sums][0], %[sum_a], %[sum_c]\n"
                   "vmov %q[sums][3], %q[sums][1], %[sum_b], %[sum_d]\n"
                   : [shared] "=&w"(shared), [row] "=&w"(row), [sums] "=&w"(sums), [sum_a] "+Te"(sum_a),
                     [sum_b] "+Te"(sum_b), [sum_c] "+Te"(sum_c), [sum_d] "+Te"(sum_d), [bytes] "+r"(bytes), [a] "+r"(a),
                     [b] "+r"(b), [c] "+r"(c), [d] "+r"(d)
                   : [count] "r"(count)
                   : "lr", "cc", "memory");
    return sums;
#else
    hb_four sums;
    for (int32_t i = 0; i < 4; i++) {
        sums.of[i] = begin;
        for (int32_t k = 0; k < count; k++) {
            sums.of[i] += bytes[k] * rows[i * pitch + k];
        }
    }
    return sums;
#endif
}

/* What all sums of a layer have in common. */
typedef struct {
    int32_t offset, low, high;
} hb_mve_output;

/* Four sums of one channel. */
HB_KERNEL hb_four hb_mve_requantize(hb_four sums, int32_t multiplier, int32_t shift, const hb_mve_output *y)
{
#if defined(__ARM_FEATURE_MVE)
    const hb_four high = vqrdmulhq_n_s32(sums, multiplier);
    const hb_four scaled = vrshlq_n_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), shift);
    const hb_four moved = vaddq_n_s32(scaled, y->offset);
    return vminq_s32(vmaxq_s32(moved, vdupq_n_s32(y->low)), vdupq_n_s32(y->high));
#else
    for (int32_t i = 0; i < 4; i++) {
        sums.of[i] = hb_requantize_int8((uint32_t)sums.of[i], multiplier, shift, y->offset, y->low, y->high);
    }
    return sums;
#endif
}

/* The sums of four channels. */
HB_KERNEL hb_four hb_mve_requantize_each(hb_four sums, hb_four multiplier, hb_four shift, const hb_mve_output *y)
{
#if defined(__ARM_FEATURE_MVE)
    const hb_four high = vqrdmulhq_s32(sums, multiplier);
    const hb_four moved = vaddq_n_s32(vrshlq_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), shift), y->offset);
    return vminq_s32(vmaxq_s32(moved, vdupq_n_s32(y->low)), vdupq_n_s32(y->high));
#else
    for (int32_t i = 0; i < 4; i++) {
        sums.of[i] =
            hb_requantize_int8((uint32_t)sums.of[i], multiplier.of[i], shift.of[i], y->offset, y->low, y->high);
    }
    return sums;
#endif
}

/* Four bytes as numbers. */
HB_KERNEL hb_four hb_mve_widen(const int8_t *bytes)
{
#if defined(__ARM_FEATURE_MVE)
    return vldrbq_s32(bytes);
#else
    return (hb_four){{bytes[0], bytes[1], bytes[2], bytes[3]}};
#endif
}

/* Four numbers as bytes. */
HB_KERNEL void hb_mve_narrow(int8_t *to, hb_four numbers)
{
#if defined(__ARM_FEATURE_MVE)
    vstrbq_s32(to, numbers);
#else
    for (int32_t i = 0; i < 4; i++) {
        to[i] = (int8_t)numbers.of[i];
    }
#endif
}

/* a + b */
HB_KERNEL hb_four hb_mve_add(hb_four a, hb_four b)
{
#if defined(__ARM_FEATURE_MVE)
    return vaddq_s32(a, b);
#else
    for (int32_t i = 0; i < 4; i++) {
        a.of[i] += b.of[i];
    }
    return a;
#endif
}

/* sums + a * b */
HB_KERNEL hb_four hb_mve_accumulate(hb_four sums, hb_four a, hb_four b)
{
#if defined(__ARM_FEATURE_MVE)
    hb_four product; /* as one piece, or the compiler would keep products and sums apart, and run out of registers */
    __asm volatile("vmul.i32 %q[product], %q[a], %q[b]\n"
                   "vadd.i32 %q[sums], %q[sums], %q[product]\n"
                   : [sums] "+w"(sums), [product] "=&w"(product)
                   : [a] "w"(a), [b] "w"(b));
    return sums;
#else
    for (int32_t i = 0; i < 4; i++) {
        sums.of[i] += a.of[i] * b.of[i];
    }
    return sums;
#endif
}

/* Numbers become bytes at `to` and so many bytes further on. */
HB_KERNEL void hb_mve_scatter(int8_t *to, hb_four places, hb_four numbers)
{
#if defined(__ARM_FEATURE_MVE)
    vstrbq_scatter_offset_s32(to, vreinterpretq_u32_s32(places), numbers);
#else
    for (int32_t i = 0; i < 4; i++) {
        to[places.of[i]] = (int8_t)numbers.of[i];
    }
#endif
}

#endif
