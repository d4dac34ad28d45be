/* Planes: the 16-bit numbers (x + input_offset) * 2^bits of one channel, row after row, with zeros where padding is. */
#ifndef HB_PLANES_H
#define HB_PLANES_H

#include "hb_conv.h"
#include "hb_dsp.h"

/* One row of four channels: numbers [left, left + numbers) of input row y. */
HB_KERNEL void hb_plane_row(const hb_view *in, int32_t y, int32_t left, int32_t channel, uint32_t *planes,
                            int32_t plane, int32_t numbers, int32_t bits, const hb_conv_int8_args *p)
{
    const uint32_t zero = (uint8_t)-p->input_offset * UINT32_C(0x01010101);
    const int inside = y >= 0 && y < p->in_rows;
    const int32_t first = hb_clamp(-left, 0, numbers), last = inside ? hb_clamp(p->in_cols - left, 0, numbers) : 0;
    const int8_t *input = (const int8_t *)in->data + channel;
    for (int32_t i = 0; i < numbers;) {
        if (i < first || i + 1 >= last) {
            const int has_a = i >= first && i < last, has_b = i + 1 >= first && i + 1 < last;
            const uint32_t a = has_a ? hb_load32(input + hb_at(in, y, left + i, p->in_channels)) : zero;
            const uint32_t b = has_b ? hb_load32(input + hb_at(in, y, left + i + 1, p->in_channels)) : zero;
            hb_split_pixels(a, b, p->input_offset, bits, planes + i / 2, plane);
            i += 2;
        } else {
            /* Pairs that lie inside of the tensor. */
            const int8_t *pixel = input + hb_at(in, y, left + i, p->in_channels);
            for (; i + 1 < last; i += 2, pixel += 2 * p->in_channels) {
                hb_split_pixels(hb_load32(pixel), hb_load32(pixel + p->in_channels), p->input_offset, bits,
                                planes + i / 2, plane);
            }
        }
    }
}

#endif
