/* CONV_2D, int8, with SMLAD: tiles of pixels are widened (hb_packed.h), then output channels go over a tile by pairs.
 *
 * A tile holds, for up to `packed_pixels` output pixels, everything that they read: the whole words of all rows of the
 * window, then what is left of the rows, together. Weights come straight from flash; for tiles of several blocks those
 * of a pair are copied first.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2", "short_requantization", "low == -128", "high == 127",
 *   "packed_fits"]
 * scratch = "8 * packed_quads * packed_pixels + packed_spare"
 * cycles = """
 *   700 + out_rows * out_cols * kernel_h * (40 + 8 * padded * kernel_w)
 *   + (packed_pixels >= 4) * ((out_rows * out_cols + packed_pixels - 1) // packed_pixels * (20 + packed_quads)
 *       * out_channels
 *     + out_rows * out_cols // 4 * (2 * terms + out_channels * (39 + 17.7 * packed_quads)))
 *   + (min(out_rows * out_cols % 4, 1) if packed_pixels >= 4 else (out_rows * out_cols - 1) // packed_pixels + 1)
 *     * out_channels * (20 + 5 * packed_quads)
 *   + (out_rows * out_cols % 4 if packed_pixels >= 4 else out_rows * out_cols)
 *     * (8 * terms + out_channels * (20 + 4.6 * packed_quads))"""
 * arrays = ["packed", "packed_channels"]
 */
#ifndef HB_CONV_2D_PACKED_DSP_INT8_H
#define HB_CONV_2D_PACKED_DSP_INT8_H

#include "hb_conv.h"
#include "hb_packed.h"

/* From so many blocks on weights are copied. */
#define HB_PACKED_COPY_BLOCKS 4

/* What is the same for all windows: rows, and in bytes a row, what is left of it after whole words, from one output
 * pixel to the next, from one row to the next. */
typedef struct {
    int32_t rows, run, rest, step, next;
} hb_packed_shape;

HB_KERNEL hb_packed_shape hb_packed_shape_of(const hb_view *in, const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    return (hb_packed_shape){p->kernel_h, run, run % 4, p->stride_w * p->in_channels,
                             p->dilation_h * in->cols * p->in_channels};
}

/* Blocks of four windows that lie inside of the tensor, `step` bytes apart, from `input` on. What is left of their rows
 * is collected a byte at a time, so that the last one is the lowest of a word. */
HB_SHARED void hb_packed_inner(const int8_t *input, int32_t blocks, const hb_packed_shape *s, uint32_t *wide)
{
    const int32_t words = s->run - s->rest, rows = s->rows, rests = s->rest, step = s->step, skip = s->next - words;
    const int32_t bytes = rows * rests, next = s->next - rests;
    for (; blocks > 0; blocks--, input += 4 * step) {
        const int8_t *a = input, *b = a + step, *c = b + step, *d = c + step;
        for (int32_t row = rows; row > 0; row--, a += skip, b += skip, c += skip, d += skip) {
            for (const int8_t *end = a + words; a != end; a += 4, b += 4, c += 4, d += 4, wide += 8) {
                const uint32_t word_a = hb_load32(a), word_b = hb_load32(b);
                const uint32_t word_c = hb_load32(c), word_d = hb_load32(d);
                hb_widen_quad(word_a, wide, 4);
                hb_widen_quad(word_b, wide + 1, 4);
                hb_widen_quad(word_c, wide + 2, 4);
                hb_widen_quad(word_d, wide + 3, 4);
            }
        }
        const uint8_t *rest = (const uint8_t *)input + words;
        uint32_t e = 0, f = 0, g = 0, h = 0;
        for (int32_t i = 1, col = rests; i <= bytes; i++) {
            e = e << 8 | rest[0], f = f << 8 | rest[step], g = g << 8 | rest[2 * step], h = h << 8 | rest[3 * step];
            if (i % 4 == 0 || i == bytes) {
                hb_widen_quad(e, wide, 4);
                hb_widen_quad(f, wide + 1, 4);
                hb_widen_quad(g, wide + 2, 4);
                hb_widen_quad(h, wide + 3, 4);
                wide += 8;
            }
            rest++;
            if (--col == 0) {
                rest += next, col = rests;
            }
        }
    }
}

/* Any window. `spare` holds a row of zero points, and one in which they take the places of what lies outside of the
 * tensor. */
HB_SHARED void hb_packed_window(const hb_view *in, int32_t top, int32_t left, const hb_packed_shape *s, uint32_t *wide,
                                int32_t lanes, int8_t *spare, const hb_conv_int8_args *p)
{
    const int32_t run = s->run, rest = s->rest, next = s->next, channels = p->in_channels;
    const int32_t stop = top + s->rows * p->dilation_h, down = p->dilation_h, in_rows = p->in_rows, step = 2 * lanes;
    const hb_span cols = hb_taps(left, 1, p->kernel_w, p->in_cols);
    const int partial = cols.last - cols.first < p->kernel_w;
    const int8_t *input = (const int8_t *)in->data + hb_at(in, top, left, channels);
    uint32_t *rests = wide + s->rows * (run / 4) * step, word = 0;
    const int32_t bytes = s->rows * rest;
    int32_t count = 0;
    if (top < 0 || stop - down >= in_rows || partial) {
        memset(spare, -p->input_offset, (size_t)((1 + partial) * run));
    }
    for (int32_t y = top; y < stop; y += down, input += next) {
        const int8_t *from = y >= 0 && y < in_rows ? input : spare;
        if (partial && from == input) {
            int8_t *const row = spare + run;
            for (int32_t i = cols.first * channels; i < cols.last * channels; i++) {
                row[i] = input[i];
            }
            from = row;
        }
        for (int32_t words = run >> 2; words > 0; words--, from += 4, wide += step) {
            hb_widen_quad(hb_load32(from), wide, lanes);
        }
        for (int32_t i = rest; i > 0; i--, from++) {
            word = word << 8 | (uint8_t)*from;
            if (++count % 4 == 0 || count == bytes) {
                hb_widen_quad(word, rests, lanes);
                rests += step;
            }
        }
    }
}

/* Output pixels `first` to `first + count` of those from (y0, x0) on, in rows of the region's width: fewer than four,
 * or whole blocks. */
HB_KERNEL void hb_packed_gather(const hb_view *in, hb_region at, int32_t first, int32_t count, uint32_t *tile,
                                int8_t *spare, const hb_conv_int8_args *p)
{
    const hb_packed_shape shape = hb_packed_shape_of(in, p);
    const int32_t block = 8 * p->packed_quads, channels = p->in_channels, stride = p->stride_w;
    const int32_t width = at.x1 - at.x0, whole = (p->in_cols - p->kernel_w + p->pad_left) / stride + 1;
    const int32_t right = whole < at.x1 ? whole : at.x1, extent = (p->kernel_h - 1) * p->dilation_h;
    const int32_t lanes = count < 4 ? count : 4;
    int32_t y = at.y0 + first / width, x = at.x0 + first % width;
    for (int32_t i = 0; i < count;) {
        int32_t top = y * p->stride_h - p->pad_top, left = x * stride - p->pad_left;
        const int32_t inside = top >= 0 && top + extent < p->in_rows && left >= 0 ? right - x : 0;
        const int32_t blocks = (inside < count - i ? inside : count - i) / 4;
        if (blocks > 0) {
            const int8_t *input = (const int8_t *)in->data + hb_at(in, top, left, channels);
            hb_packed_inner(input, blocks, &shape, tile);
            i += 4 * blocks, x += 4 * blocks, tile += blocks * block;
            if (x == at.x1) {
                x = at.x0, y++;
            }
            continue;
        }
        for (int32_t j = 0; j < lanes; j++, i++, x++) {
            if (x == at.x1) {
                x = at.x0, y++;
            }
            top = y * p->stride_h - p->pad_top, left = x * stride - p->pad_left;
            hb_packed_window(in, top, left, &shape, tile + j, lanes, spare, p);
        }
        if (x == at.x1) {
            x = at.x0, y++;
        }
        tile += block;
    }
}

/* Whether output pixels that lie one after another read pixels that do so: points, of which no padding is read. */
HB_KERNEL int hb_packed_is_run(const hb_view *in, hb_region at, const hb_conv_int8_args *p)
{
    const int point = p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1;
    const int inside = at.y0 >= p->pad_top && at.y1 - p->pad_top <= p->in_rows && at.x0 >= p->pad_left &&
                       at.x1 - p->pad_left <= p->in_cols;
    return point && inside && (in->cols == at.x1 - at.x0 || at.y1 - at.y0 == 1);
}

/* Whole blocks of such a run. */
HB_KERNEL void hb_packed_points(const hb_view *in, hb_region at, int32_t first, int32_t blocks, uint32_t *tile,
                                const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels;
    const hb_packed_shape shape = {1, channels, channels % 4, channels, 0};
    const int32_t start = hb_at(in, at.y0 - p->pad_top, at.x0 - p->pad_left, channels) + first * channels;
    hb_packed_inner((const int8_t *)in->data + start, blocks, &shape, tile);
}

/* Weights of a pair, four quads at a time where there are registers for them. */
HB_KERNEL void hb_packed_copy(const uint32_t *from, uint32_t *to, int32_t quads)
{
    const uint32_t *const end = from + 2 * quads;
#ifdef __ARM_FEATURE_DSP
    for (const uint32_t *const fours = from + quads / 4 * 8; from != fours;) {
        __asm volatile("ldmia %[from]!, {r3, r4, r5, r6, r8, r9, r10, r11}\n"
                       "stmia %[to]!, {r3, r4, r5, r6, r8, r9, r10, r11}\n"
                       : [from] "+r"(from), [to] "+r"(to)
                       :
                       : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "memory");
    }
#endif
    for (; from != end; from += 2, to += 2) {
        const uint32_t a = from[0], b = from[1];
        to[0] = a, to[1] = b;
    }
}

/* All channels of a tile. An odd last one is computed together with the one before it, once more. */
HB_KERNEL void hb_packed_channels(hb_quads tile, int8_t *out, uint32_t *spare, int staircase,
                                  const hb_conv_int8_args *p)
{
    const int32_t channels = p->out_channels, words = HB_PACKED_RECORD(staircase);
    const int copied = tile.blocks >= HB_PACKED_COPY_BLOCKS;
    const uint32_t *packed = (const uint32_t *)p->packed;
    const int32_t *record = staircase ? p->packed_staircase : p->packed_channels;
    for (int32_t c = 0, pairs; c < channels;
         c += 2 * pairs, record += words * pairs, packed += 2 * tile.quads * pairs) {
        int8_t *const to = out + (c + 1 < channels ? c : c - 1);
        pairs = tile.lanes == 4 && !copied && c + 1 < channels ? (channels - c) / 2 : 1;
        if (tile.lanes == 1) {
            hb_packed_lanes(tile.pixels, 1, tile.quads, packed, record, to, channels, staircase);
        } else if (tile.lanes == 2) {
            hb_packed_lanes(tile.pixels, 2, tile.quads, packed, record, to, channels, staircase);
        } else if (tile.lanes == 3) {
            hb_packed_lanes(tile.pixels, 3, tile.quads, packed, record, to, channels, staircase);
        } else {
            if (copied) {
                hb_packed_copy(packed, spare, tile.quads);
            }
            hb_packed_pairs(tile, pairs, copied ? spare : packed, record, to, channels, staircase);
        }
    }
}

/* `staircase` says which requantization of `hb_dsp.h`. Output pixels are written in runs that lie one after another:
 * the whole map, or a row of a part of it. */
HB_KERNEL void hb_conv_2d_packed(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                                 uint32_t *scratch, int staircase)
{
    const int32_t width = at.x1 - at.x0, rows = out->cols == width ? at.y1 - at.y0 : 1, run = rows * width;
    const int points = hb_packed_is_run(in, at, p);
    uint32_t *const spare = scratch + 2 * p->packed_quads * p->packed_pixels;
    for (; at.y0 < at.y1; at.y0 = (int16_t)(at.y0 + rows)) {
        int8_t *result = (int8_t *)out->data + hb_at(out, at.y0, at.x0, p->out_channels);
        for (int32_t first = 0, count; first < run; first += count) {
            const int32_t left = run - first, most = p->packed_pixels;
            count = left > most ? most : left < 4 ? left : left / 4 * 4;
            if (points && count >= 4) {
                hb_packed_points(in, at, first, count / 4, scratch, p);
            } else {
                hb_packed_gather(in, at, first, count, scratch, (int8_t *)spare, p);
            }
            const hb_quads tile = {scratch, (count + 3) / 4, count < 4 ? count : 4, p->packed_quads};
            hb_packed_channels(tile, result + first * p->out_channels, spare, staircase, p);
        }
    }
}

/* One copy serves every step of a model. */
HB_SHARED void hb_conv_2d_packed_dsp(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                                     uint32_t *scratch)
{
    hb_conv_2d_packed(in, out, at, p, scratch, 0);
}

HB_KERNEL void hb_conv_2d_packed_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                          void *scratch)
{
    hb_conv_2d_packed_dsp(&in, &out, at, p, scratch);
}

#endif
