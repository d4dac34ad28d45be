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
 *   995 + out_rows * out_cols * kernel_h * ((24 if terms > in_channels else 0)
 *     + (32 * kernel_w if padded and packed_band == 0 else 0))
 *   + (packed_pixels >= 4) * ((out_rows * out_cols + packed_pixels - 1) // packed_pixels * out_channels
 *       * (25 + (4 if packed_pixels >= 8 and packed_quads <= 8 else 0.6) * packed_quads)
 *     + out_rows * out_cols // 4 * (5.9 * terms + out_channels
 *       * (37.3 + 14.6 * packed_quads if packed_pixels >= 8 and packed_quads <= 8 else 41.6 + 17.3 * packed_quads)))
 *   + (out_rows * out_cols % 4 if packed_pixels >= 4 else out_rows * out_cols) * 9.1 * terms
 *   + out_channels * (min(out_rows * out_cols % 4, 1) * 6 * packed_quads
 *       + out_rows * out_cols % 4 * (32.7 + 1.9 * packed_quads)
 *     if out_rows * out_cols % 4 == 3 and packed_pixels >= 3
 *       or packed_quads > 8 and packed_pixels >= 4 and (out_rows * out_cols == 6 or out_rows * out_cols == 9) else
 *       (min(out_rows * out_cols % 4, 1) if packed_pixels >= 4 else (out_rows * out_cols - 1) // packed_pixels + 1)
 *       * (36.5 + 6 * packed_quads)
 *       + (out_rows * out_cols % 4 if packed_pixels >= 4 else out_rows * out_cols) * (26.4 + 3.5 * packed_quads))"""
 * arrays = ["packed", "packed_channels"]
 */
#ifndef HB_CONV_2D_PACKED_DSP_INT8_H
#define HB_CONV_2D_PACKED_DSP_INT8_H

#include "hb_conv.h"
#include "hb_held.h"

/* From so many blocks on weights are copied. */
#define HB_PACKED_COPY_BLOCKS 4

/* Up to so many quads a block takes little more time than what surrounds it. */
#define HB_PACKED_FEW_QUADS 8

/* What is the same for all windows: where they lie, and which pixels there are (others are padding); rows, and in bytes
 * a row, what is left of it after whole words, from one output pixel to the next, from one row to the next. */
typedef struct {
    hb_view in;
    hb_region real;
    int32_t rows, run, rest, step, next;
} hb_packed_shape;

HB_KERNEL hb_packed_shape hb_packed_shape_of(const hb_view *in, hb_region real, const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    return (hb_packed_shape){
        *in, real, p->kernel_h, run, run % 4, p->stride_w * p->in_channels, p->dilation_h * in->cols * p->in_channels};
}

/* What is left of the rows of a window, a byte at a time, so that the last one is the lowest of a word. */
HB_KERNEL void hb_packed_rests(const int8_t *input, int32_t rows, int32_t rests, int32_t next, uint32_t *wide,
                               int32_t lanes)
{
    uint32_t word = 0;
    int32_t room = 4;
    for (; rows > 0; rows--, input += next - rests) {
        for (int32_t i = rests; i > 0; i--) {
            word = word << 8 | (uint8_t)*input++;
            if (--room == 0) {
                hb_widen_quad(word, wide, lanes);
                wide += 2 * lanes, room = 4;
            }
        }
    }
    if (room < 4) {
        hb_widen_quad(word, wide, lanes);
    }
}

/* A window of three rows of nine bytes, as 3x3 windows of three channels are, of a block of four. */
HB_KERNEL void hb_packed_3x9(const int8_t *input, int32_t next, uint32_t *wide)
{
    const uint8_t *a = (const uint8_t *)input, *b = a + next, *c = b + next;
    const uint32_t a0 = hb_load32(a), a1 = hb_load32(a + 4), b0 = hb_load32(b), b1 = hb_load32(b + 4);
    hb_widen_quad(a0, wide, 4);
    hb_widen_quad(a1, wide + 8, 4);
    hb_widen_quad(b0, wide + 16, 4);
    hb_widen_quad(b1, wide + 24, 4);
    const uint32_t c0 = hb_load32(c), c1 = hb_load32(c + 4), a2 = a[8], b2 = b[8], c2 = c[8];
    hb_widen_quad(c0, wide + 32, 4);
    hb_widen_quad(c1, wide + 40, 4);
    hb_widen_quad(a2 << 16 | b2 << 8 | c2, wide + 48, 4);
}

/* Blocks of four windows that are all there, the first one of them at `input`, the others `at` bytes from it. */
HB_SHARED void hb_packed_inner(const int8_t *input, const int32_t *at, int32_t blocks, const hb_packed_shape *s,
                               uint32_t *wide)
{
    const int32_t words = s->run - s->rest, skip = s->next - words, at_b = at[1], at_c = at[2], at_d = at[3];
    const int32_t rests = (s->rows * s->rest + 3) / 4;
    if (s->rows == 3 && s->run == 9) {
        for (; blocks > 0; blocks--, input += 4 * s->step, wide += 56) {
            for (int32_t i = 0; i < 4; i++) {
                hb_packed_3x9(input + at[i], s->next, wide + i);
            }
        }
    }
    for (; blocks > 0; blocks--, input += 4 * s->step) {
        const int8_t *from = input;
        for (int32_t row = s->rows; row > 0; row--, from += skip) {
            for (const int8_t *end = from + words; from != end; from += 4, wide += 8) {
                hb_widen_quads(from, from + at_b, from + at_c, from + at_d, wide);
            }
        }
        for (int32_t i = 0; i < 4 && rests > 0; i++) {
            hb_packed_rests(input + at[i] + words, s->rows, s->rest, s->next, wide + i, 4);
        }
        wide += 8 * rests;
    }
}

/* Any window. `spare` holds a row of zero points, and one in which they take the places of what lies outside of the
 * tensor. */
HB_SHARED void hb_packed_window(int32_t top, int32_t left, const hb_packed_shape *s, uint32_t *wide, int32_t lanes,
                                int8_t *spare, const hb_conv_int8_args *p)
{
    const int32_t run = s->run, rest = s->rest, next = s->next, channels = p->in_channels;
    const int32_t down = p->dilation_h, stop = top + s->rows * down, step = 2 * lanes;
    const hb_span cols = hb_taps(left - s->real.x0, 1, p->kernel_w, s->real.x1 - s->real.x0);
    const int partial = cols.last - cols.first < p->kernel_w;
    const int8_t *input = (const int8_t *)s->in.data + hb_at(&s->in, top, left, channels);
    uint32_t *rests = wide + s->rows * (run / 4) * step, word = 0;
    const int32_t bytes = s->rows * rest;
    int32_t count = 0;
    if (top < s->real.y0 || stop - down >= s->real.y1 || partial) {
        memset(spare, -p->input_offset, (size_t)((1 + partial) * run));
    }
    for (int32_t y = top; y < stop; y += down, input += next) {
        const int8_t *from = y >= s->real.y0 && y < s->real.y1 ? input : spare;
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

/* What a tile reads, of `count` output pixels from `first` on, with zero points where there is padding, where that fits
 * into `packed_band` bytes at `spare`; `shape` is then of this copy. */
HB_SHARED void hb_packed_band(hb_region at, int32_t first, int32_t count, hb_packed_shape *shape, int8_t *spare,
                              const hb_conv_int8_args *p)
{
    const int32_t width = at.x1 - at.x0, channels = p->in_channels;
    const int32_t y0 = at.y0 + first / width, y1 = at.y0 + (first + count - 1) / width;
    const int32_t top = y0 * p->stride_h - p->pad_top, left = at.x0 * p->stride_w - p->pad_left;
    const int32_t bottom = y1 * p->stride_h - p->pad_top + (p->kernel_h - 1) * p->dilation_h + 1;
    const int32_t cols = (width - 1) * p->stride_w + p->kernel_w, right = left + cols;
    const int whole = top >= 0 && left >= 0 && bottom <= p->in_rows && right <= p->in_cols;
    if (whole || (bottom - top) * cols * channels > p->packed_band) {
        return;
    }
    const int32_t x0 = left > 0 ? left : 0, x1 = right < p->in_cols ? right : p->in_cols, size = cols * channels;
    const int32_t before = (x0 - left) * channels, after = before + (x1 - x0) * channels;
    int8_t *row = spare;
    for (int32_t y = top; y < bottom; y++, row += size) {
        if (y < 0 || y >= p->in_rows || x0 >= x1) {
            memset(row, -p->input_offset, (size_t)size);
            continue;
        }
        const int8_t *from = (const int8_t *)shape->in.data + hb_at(&shape->in, y, x0, channels);
        memcpy(row + before, from, (size_t)(after - before));
        for (int32_t i = before ? 0 : after; i < size; i = i + 1 == before ? after : i + 1) {
            row[i] = (int8_t)-p->input_offset;
        }
    }
    const hb_region band = {(int16_t)top, (int16_t)bottom, (int16_t)left, (int16_t)right};
    const hb_view copy = hb_window(spare, band);
    *shape = hb_packed_shape_of(&copy, band, p);
}

/* The windows of `lanes` output pixels from (y, x) on, from row to row of the region; the first one is at `input`. */
HB_KERNEL void hb_packed_block(const hb_packed_shape *s, hb_region at, int32_t y, int32_t x, const int8_t *input,
                               int32_t lanes, uint32_t *tile, int8_t *spare, const hb_conv_int8_args *p)
{
    const int32_t extent = (p->kernel_h - 1) * p->dilation_h;
    int32_t top[4], left[4], places[4], start = 0;
    int there = lanes == 4;
    for (int32_t i = 0; i < lanes; i++, x++) {
        if (x == at.x1) {
            x = at.x0, y++;
        }
        top[i] = y * p->stride_h - p->pad_top, left[i] = x * p->stride_w - p->pad_left;
        there &= top[i] >= s->real.y0 && top[i] + extent < s->real.y1 && left[i] >= s->real.x0 &&
                 left[i] + p->kernel_w <= s->real.x1;
        places[i] = hb_at(&s->in, top[i], left[i], p->in_channels);
        start = i == 0 ? places[0] : start;
        places[i] -= start;
    }
    if (there) {
        hb_packed_inner(input, places, 1, s, tile);
        return;
    }
    for (int32_t i = 0; i < lanes; i++) {
        hb_packed_window(top[i], left[i], s, tile + i, lanes, spare, p);
    }
}

/* Output pixels `first` to `first + count` of those from (y0, x0) on, in rows of the region's width: blocks of `lanes`.
 */
HB_SHARED void hb_packed_gather(const hb_view *in, hb_region at, int32_t first, int32_t count, int32_t lanes,
                                uint32_t *tile, int8_t *spare, const hb_conv_int8_args *p)
{
    hb_packed_shape shape = hb_packed_shape_of(in, (hb_region){0, (int16_t)p->in_rows, 0, (int16_t)p->in_cols}, p);
    hb_packed_band(at, first, count, &shape, spare, p);
    const int32_t width = at.x1 - at.x0, words = 2 * lanes * p->packed_quads;
    const int32_t extent = (p->kernel_h - 1) * p->dilation_h;
    const int32_t fit = (shape.real.x1 - p->kernel_w + p->pad_left) / p->stride_w + 1;
    const int32_t right = fit < at.x1 ? fit : at.x1;
    int32_t y = at.y0 + first / width, x = at.x0 + first % width;
    const int32_t step = shape.step, places[4] = {0, step, 2 * step, 3 * step};
    for (int32_t i = 0, run; i < count; i += run) {
        const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
        const int8_t *input = (const int8_t *)shape.in.data + hb_at(&shape.in, top, left, p->in_channels);
        const int there = top >= shape.real.y0 && top + extent < shape.real.y1 && left >= shape.real.x0;
        const int32_t alike = there && lanes == 4 ? (right - x < count - i ? right - x : count - i) / 4 : 0;
        run = alike > 0 ? 4 * alike : lanes;
        if (alike > 0) {
            hb_packed_inner(input, places, alike, &shape, tile);
        } else {
            hb_packed_block(&shape, at, y, x, input, lanes, tile, spare, p);
        }
        tile += run / lanes * words;
        for (x += run; x >= at.x1; x -= width) {
            y++;
        }
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

/* Blocks of four pixels of `size` bytes, whole words, that lie one after another. */
HB_SHARED void hb_packed_words(const int8_t *from, int32_t size, int32_t blocks, uint32_t *wide)
{
    const int32_t two = 2 * size, three = 3 * size;
    for (; blocks > 0; blocks--, from += three) {
        for (const int8_t *const end = from + size; from != end; from += 4, wide += 8) {
            hb_widen_quads(from, from + size, from + two, from + three, wide);
        }
    }
}

/* Whole blocks of such a run. */
HB_KERNEL void hb_packed_points(const hb_view *in, hb_region at, int32_t first, int32_t blocks, uint32_t *tile,
                                const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels;
    const int32_t start = hb_at(in, at.y0 - p->pad_top, at.x0 - p->pad_left, channels) + first * channels;
    const int8_t *const from = (const int8_t *)in->data + start;
    if (channels % 4 == 0) {
        hb_packed_words(from, channels, blocks, tile);
        return;
    }
    const hb_packed_shape shape = {*in, at, 1, channels, channels % 4, channels, 0};
    const int32_t places[4] = {0, channels, 2 * channels, 3 * channels};
    hb_packed_inner(from, places, blocks, &shape, tile);
}

/* All channels of a tile. An odd last one is computed together with the one before it, once more. */
HB_KERNEL void hb_packed_channels(hb_quads tile, int8_t *out, uint32_t *spare, int staircase,
                                  const hb_conv_int8_args *p)
{
    const int32_t channels = p->out_channels, words = HB_PACKED_RECORD(staircase);
    const int many = tile.lanes == 4 && tile.blocks >= HB_PACKED_COPY_BLOCKS;
    const uint32_t *packed = (const uint32_t *)p->packed;
    const int32_t *record = staircase ? p->packed_staircase : p->packed_channels;
    for (int32_t c = 0, pairs; c < channels;
         c += 2 * pairs, record += words * pairs, packed += 2 * tile.quads * pairs) {
        int8_t *const to = out + (c + 1 < channels ? c : c - 1);
        pairs = tile.lanes >= 3 && c + 1 < channels ? (channels - c) / 2 : 1;
        if (tile.lanes == 1) {
            hb_packed_lanes(tile.pixels, 1, tile.quads, packed, record, to, channels, staircase);
        } else if (tile.lanes == 2) {
            hb_packed_lanes(tile.pixels, 2, tile.quads, packed, record, to, channels, staircase);
        } else if (tile.lanes == 3) {
            hb_packed_pairs(tile, 3, pairs, packed, NULL, record, to, channels, staircase);
        } else if (tile.blocks >= HB_HELD_BLOCKS && tile.quads <= HB_HELD_QUADS) {
            hb_held_pairs(tile, pairs, packed, record, to, channels, staircase);
        } else {
            hb_packed_pairs(tile, 4, pairs, packed, many ? spare : NULL, record, to, channels, staircase);
        }
    }
}

/* How many of `left` pixels make the next tile of at most `most`, and how many of them a block: fours, then what is
 * left of them. Six and nine of many quads are blocks of three. */
HB_KERNEL int32_t hb_packed_tile(int32_t left, int32_t most, int32_t quads, int32_t *lanes)
{
    const int threes = most >= 4 && quads > HB_PACKED_FEW_QUADS && (left == 6 || left == 9);
    const int32_t block = most < 4 ? most : threes ? 3 : 4;
    const int32_t count = most < 4 || left < 4 || threes ? left : left / 4 * 4;
    *lanes = count < block ? count : block;
    return count > most ? most / block * block : count;
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
        for (int32_t first = 0, count, lanes; first < run; first += count) {
            count = hb_packed_tile(run - first, p->packed_pixels, p->packed_quads, &lanes);
            if (points && lanes == 4) {
                hb_packed_points(in, at, first, count / 4, scratch, p);
            } else {
                hb_packed_gather(in, at, first, count, lanes, scratch, (int8_t *)spare, p);
            }
            const hb_quads tile = {scratch, count / lanes, lanes, p->packed_quads};
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
