/* CONV_2D, int8, with SMLAD, for few pixels: up to three at a time, whose activations are read where they lie.
 *
 * Where an input pixel is no whole number of words, or a window is tall, what an output pixel reads is put together in
 * working space first (`pixels_collected`), byte for byte.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2", "short_requantization", "low == -128", "high == 127",
 *   "packed_fits"]
 * scratch = "pixels_collected * 4 * packed_quads * min(out_rows * out_cols, 3)"
 * cycles = """
 *   out_rows * (53 + (out_cols + 2) // 3 * (132 + 53 * pixels_collected) + out_cols * kernel_h * 20 * pixels_collected
 *     + (out_cols % 3 == 1) * ((out_channels + 3) // 4) * (91 + 25.9 * packed_quads)
 *     + (out_cols % 3 == 2) * ((out_channels + 1) // 2) * (77 + 22.3 * packed_quads)
 *     + out_cols // 3 * ((out_channels + 1) // 2) * (87 + 31 * packed_quads)
 *     + (1 - pixels_collected) * (kernel_h - 1) * (21 + (out_cols + 1) // 3 * ((out_channels + 1) // 2) * 17))"""
 * arrays = ["pixels", "pixels_padding"]
 * turns = true
 */
#ifndef HB_CONV_2D_PIXELS_DSP_INT8_H
#define HB_CONV_2D_PIXELS_DSP_INT8_H

#include "hb_conv.h"
#include "hb_pixels.h"

/* One more run, or a longer last one. */
HB_KERNEL void hb_pixels_add(hb_pixels_row *row, const int8_t *x, int32_t bytes, intptr_t step)
{
    hb_pixels_run *run = row->last;
    if (run != NULL && run->end == x && run->step == step) {
        run->end += bytes;
        return;
    }
    row->last = run == NULL ? row->runs : run + 1;
    if (run != NULL) {
        run->next = row->last;
    }
    *row->last = (hb_pixels_run){0, NULL, step, x, x + bytes};
}

/* A row of the windows of one or two pixels at a border, column by column: `x` is that of the first one. */
HB_KERNEL void hb_pixels_border(hb_pixels_row *row, const int8_t *x, int32_t left, const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, second = row->count == 2 ? p->stride_w : 0;
    for (int32_t i = 0; i < p->kernel_w; i++, x += channels) {
        const int32_t a = left + i, b = a + second;
        const int8_t *const zeros = p->pixels_padding + i * channels;
        const int8_t *const from = a >= 0 && a < p->in_cols ? x : zeros;
        const int8_t *const to = b >= 0 && b < p->in_cols ? x + second * channels : zeros;
        hb_pixels_add(row, from, channels, (intptr_t)to - (intptr_t)from);
    }
}

/* The window at (top, left), row by row. */
HB_KERNEL void hb_pixels_window(hb_pixels_row *row, const hb_view *in, int32_t top, int32_t left,
                                const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, run = p->kernel_w * channels, step = p->stride_w * channels;
    const int32_t right = left + (row->count - 1) * p->stride_w + p->kernel_w;
    const int inside = !p->padded || (left >= 0 && right <= p->in_cols);
    row->last = NULL;
    for (int32_t y = top; y < top + p->kernel_h * p->dilation_h; y += p->dilation_h) {
        const int8_t *const x = (const int8_t *)in->data + hb_at(in, y, left, channels);
        if (p->padded && (y < 0 || y >= p->in_rows)) {
            hb_pixels_add(row, p->pixels_padding, run, 0);
        } else if (inside) {
            hb_pixels_add(row, x, run, step);
        } else {
            hb_pixels_border(row, x, left, p);
        }
    }
}

/* The same byte for byte. */
HB_KERNEL void hb_pixels_collect(int8_t *to, const hb_view *in, int32_t top, int32_t left, const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, run = p->kernel_w * channels;
    const hb_span cols = p->padded ? hb_taps(left, 1, p->kernel_w, p->in_cols) : (hb_span){0, p->kernel_w};
    for (int32_t y = top; y < top + p->kernel_h * p->dilation_h; y += p->dilation_h, to += run) {
        const int8_t *const x = (const int8_t *)in->data + hb_at(in, y, left, channels);
        const int there = !p->padded || (y >= 0 && y < p->in_rows);
        if (there && cols.last - cols.first == p->kernel_w) {
            memcpy(to, x, (size_t)run);
        } else {
            memset(to, -p->input_offset, (size_t)run);
            for (int32_t i = cols.first * channels; there && i < cols.last * channels; i++) {
                to[i] = x[i];
            }
        }
    }
}

/* How many of `count` output pixels, the first of them with its window at column `left`, read runs alike: those whose
 * windows lie inside, or one or two at a border, so that what is left are threes as far as may be. */
HB_KERNEL int32_t hb_pixels_alike(int32_t count, int32_t left, const hb_conv_int8_args *p)
{
    const int32_t inside = (p->in_cols - p->kernel_w - left) / p->stride_w + 1;
    const int pairs = count > 1 && p->in_cols >= p->kernel_w + p->stride_w;
    if (!p->padded || (left >= 0 && count <= inside)) {
        return count;
    }
    if (left < 0) {
        return pairs && count % HB_PIXELS_MOST == 2 ? 2 : 1;
    }
    if (inside > 1) {
        return inside % HB_PIXELS_MOST == 1 && pairs ? inside - 1 : inside;
    }
    return inside == 1 && pairs ? 2 : 1;
}

/* Working space holds what so many pixels read, collected. */
HB_KERNEL void hb_pixels_gather(hb_pixels_row *row, const hb_view *in, int32_t top, int32_t left, int8_t *scratch,
                                const hb_conv_int8_args *p)
{
    const int32_t bytes = 4 * p->packed_quads;
    for (int32_t i = 0; i < row->count; i++) {
        hb_pixels_collect(scratch + i * bytes, in, top, left + i * p->stride_w, p);
    }
    row->last = NULL;
    hb_pixels_add(row, scratch, bytes, bytes);
}

HB_KERNEL void hb_conv_2d_pixels(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                                 int8_t *scratch, int staircase)
{
    hb_pixels_row row;
    row.stream = staircase ? p->pixels_staircase : p->pixels;
    row.quads = p->packed_quads, row.channels = p->out_channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        row.out = (int8_t *)out->data + hb_at(out, y, at.x0, p->out_channels);
        for (int32_t x = at.x0, count; x < at.x1; x += count) {
            const int32_t left = x * p->stride_w - p->pad_left, rest = at.x1 - x;
            if (p->pixels_collected) {
                row.count = count = rest < HB_PIXELS_MOST ? rest : HB_PIXELS_MOST;
                hb_pixels_gather(&row, in, top, left, scratch, p);
            } else {
                row.count = count = hb_pixels_alike(rest, left, p);
                hb_pixels_window(&row, in, top, left, p);
            }
            if (staircase) {
                hb_pixels_staircase(&row);
            } else {
                hb_pixels_plain(&row);
            }
        }
    }
}

HB_KERNEL void hb_conv_2d_pixels_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                          void *scratch)
{
    hb_conv_2d_pixels(&in, &out, at, p, scratch, 0);
}

#endif
