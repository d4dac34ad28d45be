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
 *   out_rows * out_cols * pixels_collected * 21 * kernel_h
 *   + out_rows * (out_cols == 1) * (206 + 33 * (1 - pixels_collected) * (kernel_h - 1)
 *     + (out_channels + 3) // 4 * (90 + 26 * packed_quads))
 *   + out_rows * (out_cols > 1) * (-out_cols % 3) * (206 + 33 * (1 - pixels_collected) * (kernel_h - 1)
 *     + (out_channels + 1) // 2 * (76 + 12 * (1 - pixels_collected) * (kernel_h - 1) + 22.4 * packed_quads))
 *   + out_rows * max((out_cols - 2 * (-out_cols % 3)) // 3, 0) * (206 + 33 * (1 - pixels_collected) * (kernel_h - 1)
 *     + (out_channels + 1) // 2 * (87 + 12 * (1 - pixels_collected) * (kernel_h - 1) + 31.1 * packed_quads))"""
 * arrays = ["pixels", "pixels_padding"]
 */
#ifndef HB_CONV_2D_PIXELS_DSP_INT8_H
#define HB_CONV_2D_PIXELS_DSP_INT8_H

#include "hb_conv.h"
#include "hb_pixels.h"

/* What a window of up to three rows reads, each row with padding at one side at most. */
#define HB_PIXELS_RUNS 6

typedef struct {
    hb_pixels_run runs[HB_PIXELS_RUNS], *last;
    int32_t pixels;
} hb_pixels_list;

/* One more run, or a longer last one. */
HB_KERNEL void hb_pixels_add(hb_pixels_list *list, const int8_t *x, int32_t bytes, int32_t step)
{
    hb_pixels_run *run = list->last;
    if (bytes == 0) {
        return;
    }
    if (run != NULL && run->end == x && run->step == step) {
        run->end += bytes;
    } else {
        list->last = run == NULL ? list->runs : run + 1;
        if (run != NULL) {
            run->next = list->last;
        }
        run = list->last;
        *run = (hb_pixels_run){0, NULL, step, x, x + bytes};
    }
    run->entry = hb_pixels_entry((int32_t)(run->end - run->x), list->pixels);
}

/* The rows of the window at (top, left). */
HB_KERNEL void hb_pixels_window(hb_pixels_list *list, const hb_view *in, int32_t top, int32_t left,
                                const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, step = p->stride_w * channels;
    const hb_span cols = p->padded ? hb_taps(left, 1, p->kernel_w, p->in_cols) : (hb_span){0, p->kernel_w};
    const int8_t *row = (const int8_t *)in->data + hb_at(in, top, left, channels);
    for (int32_t y = top; y < top + p->kernel_h * p->dilation_h; y += p->dilation_h) {
        if (p->padded && (y < 0 || y >= p->in_rows)) {
            hb_pixels_add(list, p->pixels_padding, p->kernel_w * channels, 0);
        } else {
            hb_pixels_add(list, p->pixels_padding, cols.first * channels, 0);
            hb_pixels_add(list, row + cols.first * channels, (cols.last - cols.first) * channels, step);
            hb_pixels_add(list, p->pixels_padding, (p->kernel_w - cols.last) * channels, 0);
        }
        row += p->dilation_h * in->cols * channels;
    }
}

/* The same byte for byte. */
HB_KERNEL void hb_pixels_collect(int8_t *to, const hb_view *in, int32_t top, int32_t left, const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, run = p->kernel_w * channels;
    const hb_span cols = p->padded ? hb_taps(left, 1, p->kernel_w, p->in_cols) : (hb_span){0, p->kernel_w};
    const int8_t *row = (const int8_t *)in->data + hb_at(in, top, left, channels);
    for (int32_t y = top; y < top + p->kernel_h * p->dilation_h; y += p->dilation_h, to += run) {
        const int there = !p->padded || (y >= 0 && y < p->in_rows);
        if (there && cols.last - cols.first == p->kernel_w) {
            memcpy(to, row, (size_t)run);
        } else {
            memset(to, -p->input_offset, (size_t)run);
            for (int32_t i = cols.first * channels; there && i < cols.last * channels; i++) {
                to[i] = row[i];
            }
        }
        row += p->dilation_h * in->cols * channels;
    }
}

/* How many of `count` pixels to compute together, the first of them with its window at column `left`: twos rather than
 * a three and a one, and pixels at the borders by themselves unless they are collected. */
HB_KERNEL int32_t hb_pixels_together(int32_t count, int32_t left, const hb_conv_int8_args *p)
{
    const int32_t pixels = count == 4 ? 2 : count < HB_PIXELS_MOST ? count : HB_PIXELS_MOST;
    const int32_t right = left + (pixels - 1) * p->stride_w + p->kernel_w;
    const int inside = !p->padded || p->pixels_collected || (left >= 0 && right <= p->in_cols);
    return inside ? pixels : 1;
}

/* One copy serves every step of a model. */
HB_SHARED void hb_pixels_plain(const hb_pixels_list *list, int8_t *out, const hb_conv_int8_args *p)
{
    hb_pixels_channels(list->runs, list->pixels, p->pixels, p->packed_quads, p->out_channels, out, 0);
}

HB_SHARED void hb_pixels_staircase(const hb_pixels_list *list, int8_t *out, const hb_conv_int8_args *p)
{
    hb_pixels_channels(list->runs, list->pixels, p->pixels_staircase, p->packed_quads, p->out_channels, out, 1);
}

HB_KERNEL void hb_conv_2d_pixels(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                                 int8_t *scratch, int staircase)
{
    const int32_t bytes = 4 * p->packed_quads;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        int8_t *result = (int8_t *)out->data + hb_at(out, y, at.x0, p->out_channels);
        for (int32_t x = at.x0; x < at.x1;) {
            const int32_t left = x * p->stride_w - p->pad_left;
            hb_pixels_list list;
            list.last = NULL, list.pixels = hb_pixels_together(at.x1 - x, left, p);
            if (p->pixels_collected) {
                for (int32_t i = 0; i < list.pixels; i++) {
                    hb_pixels_collect(scratch + i * bytes, in, top, left + i * p->stride_w, p);
                }
                hb_pixels_add(&list, scratch, bytes, bytes);
            } else {
                hb_pixels_window(&list, in, top, left, p);
            }
            if (staircase) {
                hb_pixels_staircase(&list, result, p);
            } else {
                hb_pixels_plain(&list, result, p);
            }
            x += list.pixels, result += list.pixels * p->out_channels;
        }
    }
}

HB_KERNEL void hb_conv_2d_pixels_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                          void *scratch)
{
    hb_conv_2d_pixels(&in, &out, at, p, scratch, 0);
}

#endif
