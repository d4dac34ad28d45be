/* CONV_2D, float32, sparse weights, for cores with an FPU: eight pixels at a time, every weight that is not zero
 * multiplied with all of them.
 *
 * A tile holds for each term of the sums (kernel row, kernel column, channel) eight output pixels. A product and its
 * addition take two cycles on a Cortex-M4 as VMUL and VADD, and three as VMLA.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["float32"]
 * weights = "sparse"
 * isa = ["fpu"]
 * when = ["groups == 1", "dilation_w == 1", "kernel_h * kernel_w * in_channels <= 1024"]
 * scratch = "32 * kernel_h * kernel_w * in_channels"
 * cycles = """
 *   (out_rows * out_cols + 7) // 8
 *   * (857 + 9.5 * kernel_h * kernel_w * in_channels + 89 * out_channels + 41.2 * nonzeros)"""
 * arrays = ["channel_values", "channel_gaps", "channel_counts", "bias"]
 */
#ifndef HB_CONV_2D_SPARSE_FPU_FLOAT32_H
#define HB_CONV_2D_SPARSE_FPU_FLOAT32_H

#include "hb_conv.h"

/* sums[i] += x[i] * weight. */
HB_KERNEL void hb_sparse_fpu_products(const float *x, float weight, float sums[8])
{
#if defined(__ARM_FP) && defined(__thumb__)
    __asm("vldmia %[x], {s16-s23}\n"
          "vmul.f32 s16, s16, %[weight]\n"
          "vmul.f32 s17, s17, %[weight]\n"
          "vmul.f32 s18, s18, %[weight]\n"
          "vmul.f32 s19, s19, %[weight]\n"
          "vmul.f32 s20, s20, %[weight]\n"
          "vmul.f32 s21, s21, %[weight]\n"
          "vmul.f32 s22, s22, %[weight]\n"
          "vmul.f32 s23, s23, %[weight]\n"
          "vadd.f32 %[a0], %[a0], s16\n"
          "vadd.f32 %[a1], %[a1], s17\n"
          "vadd.f32 %[a2], %[a2], s18\n"
          "vadd.f32 %[a3], %[a3], s19\n"
          "vadd.f32 %[a4], %[a4], s20\n"
          "vadd.f32 %[a5], %[a5], s21\n"
          "vadd.f32 %[a6], %[a6], s22\n"
          "vadd.f32 %[a7], %[a7], s23\n"
          : [a0] "+t"(sums[0]), [a1] "+t"(sums[1]), [a2] "+t"(sums[2]), [a3] "+t"(sums[3]), [a4] "+t"(sums[4]),
            [a5] "+t"(sums[5]), [a6] "+t"(sums[6]), [a7] "+t"(sums[7])
          : [x] "r"(x), [weight] "t"(weight), "m"(*(const float (*)[8])x)
          : "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23");
#else
    for (int32_t i = 0; i < 8; i++) {
        sums[i] += x[i] * weight;
    }
#endif
}

/* All output channels of the first `pixels` of the eight pixels of a tile. Pixel i of a channel goes to
 * places[i][channel]. */
HB_KERNEL void hb_sparse_fpu_tile(const float *tile, float *const places[8], int32_t pixels,
                                  const hb_conv_float32_args *p)
{
    const float *value = p->channel_values;
    const uint8_t *gap = p->channel_gaps;
    for (int32_t o = 0; o < p->out_channels; o++) {
        const float start = p->bias[o];
        float sums[8] = {start, start, start, start, start, start, start, start};
        const float *x = tile;
        const uint8_t *const end = gap + p->channel_counts[o];
#pragma GCC unroll 4
        while (gap < end) {
            x += 8 * *gap++;
            hb_sparse_fpu_products(x, *value++, sums);
        }
#pragma GCC unroll 8
        for (int32_t i = 0; i < 8; i++) {
            if (i < pixels) {
                places[i][o] = hb_clampf(sums[i], p->low, p->high);
            }
        }
    }
}

/* What output pixel (y, x) reads, into every eighth place of a tile. */
HB_KERNEL void hb_sparse_fpu_gather(const hb_view *in, int32_t y, int32_t x, float *tile, const hb_conv_float32_args *p)
{
    const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
    const int32_t run = p->kernel_w * p->in_channels;
    const hb_span cols = hb_taps(left, 1, p->kernel_w, p->in_cols);
    const int32_t first = cols.first * p->in_channels, last = cols.last * p->in_channels;
    for (int32_t ky = 0; ky < p->kernel_h; ky++, tile += 8 * run) {
        const int32_t in_y = top + ky * p->dilation_h;
        const int inside = in_y >= 0 && in_y < p->in_rows;
        const float *input = (const float *)in->data + hb_at(in, in_y, left, p->in_channels);
        for (int32_t i = 0; i < run; i++) {
            tile[8 * i] = inside && i >= first && i < last ? input[i] : 0.0f;
        }
    }
}

HB_KERNEL void hb_conv_2d_sparse_fpu_float32(hb_view in, hb_view out, hb_region at, const hb_conv_float32_args *p,
                                             void *scratch)
{
    int32_t y = at.y0, x = at.x0;
    while (y < at.y1) {
        float *places[8];
        int32_t pixels = 0;
        for (; pixels < 8 && y < at.y1; pixels++) {
            hb_sparse_fpu_gather(&in, y, x, (float *)scratch + pixels, p);
            places[pixels] = (float *)out.data + hb_at(&out, y, x, p->out_channels);
            if (++x == at.x1) {
                x = at.x0;
                y++;
            }
        }
        for (int32_t i = pixels; i < 8; i++) {
            hb_sparse_fpu_gather(&in, at.y1 - 1, at.x1 - 1, (float *)scratch + i, p);
        }
        hb_sparse_fpu_tile(scratch, places, pixels, p);
    }
}

#endif
