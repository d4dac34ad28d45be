/* Rolling stages: operators that run a few pixels of a row at a time, each on demand of the next, over rings.
 *
 * Of a map that flows through a stage only the pixels that are still read are kept: pixel p, counted row by row, lies
 * in slot p modulo the ring. The last map of the stage asks for its pieces one after the other; a piece asks for the
 * pixels that it reads, and where they are not there yet they are computed first, a piece at a time. The planner has
 * run the same demands without the numbers, and made each ring as long as they need it.
 *
 * What is read of a row is always one run of bytes: as many pixels as may be read across the end of a ring, the first
 * of it, lie behind its end once more. So operators read rings in place, through views that may turn (hb_view.h).
 *
 * A stage may run in strips, one after the other: each writes some columns of every map, those of maps that exist whole
 * among them. The last piece of a row may be shorter than the others; in a ring it has as much room.
 */
#ifndef HB_ROLL_H
#define HB_ROLL_H

#include <string.h>

#include "hb_kernel.h"

#define HB_ROLL_INPUTS 4

/* Sliding window along one axis: output i reads `extent` inputs from (i * stride - before) / over on, of `size`. Where
 * `over` is not 1, `before` is not above 0. */
typedef struct {
    int16_t stride, before, extent, size, over;
} hb_axis;

/* What an operator reads of map `from` of its stage: where it is a `point`, pixels at the places of those that it
 * writes. Where `window` is not NULL it is gathered there first: for kernels that cannot read views that turn. */
typedef struct {
    uint8_t from, point;
    hb_axis rows, cols;
    uint8_t *window;
} hb_roll_input;

/* A map that is written in pieces: to a ring of `ring` pixels, the first `again` of which lie behind it once more, or
 * whole where `ring` is 0. `cols` are those of the whole map. */
typedef struct {
    int16_t rows, cols, piece;
    uint16_t ring, again, pixel_bytes;
    uint8_t *data;
    const hb_roll_input *in;
    uint8_t inputs;
} hb_roll_map;

/* Columns first <= x < stop of a map are written in a strip; two rows begin `pitch` pixels apart in its ring. */
typedef struct {
    int16_t first, stop, pitch;
} hb_roll_strip;

/* The next piece of a map begins at the place `next` and goes to `slot`; asked for are the pixels up to the place
 * `asked`, as input `input` of the map `asked_by`. */
typedef struct {
    int32_t next, asked;
    uint16_t slot;
    uint8_t asked_by, input;
} hb_roll_state;

/* What the function of a step gets: where its operands are, and the pixels to write. */
typedef struct {
    hb_view in[HB_ROLL_INPUTS], out;
    hb_region at;
} hb_piece;

/* Compute a piece of a map; maps are numbered through all stages. The model has it. */
static void hb_roll_run(uint16_t map, const hb_piece *piece);

/* A stage of `count` maps, numbered from `first` on; of each of its `strips` `strip` holds the columns of each map, and
 * `memory` a state of each. */
typedef struct {
    const hb_roll_map *maps;
    const hb_roll_strip *strip;
    uint16_t first;
    uint8_t count, strips;
    void *memory;
} hb_roll_stage;

/* A strip of a stage and how far it is. */
typedef struct {
    const hb_roll_map *maps;
    const hb_roll_strip *strip;
    hb_roll_state *state;
    uint16_t first;
} hb_rolling;

/* Places of pixels (y, x) compare as the pixels come, row by row. */
HB_KERNEL int32_t hb_roll_place(int32_t y, int32_t x)
{
    return y << 16 | x;
}

HB_KERNEL int32_t hb_roll_input_of(const hb_axis *axis, int32_t output)
{
    const int32_t place = output * axis->stride - axis->before;
    return __builtin_expect(axis->over == 1, 1) ? place : place / axis->over;
}

/* The first and the last input that an output reads; what lies outside becomes the nearest one. */
HB_KERNEL int32_t hb_roll_first(const hb_axis *axis, int32_t output)
{
    return hb_clamp(hb_roll_input_of(axis, output), 0, axis->size - 1);
}

HB_KERNEL int32_t hb_roll_last(const hb_axis *axis, int32_t output)
{
    return hb_clamp(hb_roll_input_of(axis, output) + axis->extent - 1, 0, axis->size - 1);
}

/* The next piece of a map: pixels of one row. */
HB_KERNEL hb_region hb_roll_next(const hb_rolling *stage, uint8_t k)
{
    const int32_t y = stage->state[k].next >> 16, x = stage->state[k].next & 0xffff;
    const int32_t end = x + stage->maps[k].piece, stop = stage->strip[k].stop;
    return (hb_region){(int16_t)y, (int16_t)(y + 1), (int16_t)x, (int16_t)(end < stop ? end : stop)};
}

/* Where the last pixel is that the piece `at` reads of an input. */
HB_KERNEL int32_t hb_roll_until(const hb_roll_input *in, hb_region at)
{
    return in->point ? hb_roll_place(at.y0, at.x1 - 1)
                     : hb_roll_place(hb_roll_last(&in->rows, at.y0), hb_roll_last(&in->cols, at.x1 - 1));
}

/* The input map of which pixels are missing for a piece of map k, having asked for them; k itself if none is. Those
 * before `input` are there. */
HB_KERNEL uint8_t hb_roll_missing(const hb_rolling *stage, uint8_t k, hb_region at, uint8_t input)
{
    const hb_roll_map *map = &stage->maps[k];
    for (; input < map->inputs; input++) {
        const hb_roll_input *in = &map->in[input];
        const int32_t until = hb_roll_until(in, at);
        hb_roll_state *from = &stage->state[in->from];
        if (from->next <= until) {
            from->asked = until;
            from->asked_by = k;
            from->input = input;
            return in->from;
        }
    }
    return k;
}

/* Slot of pixel (y, x) of map k, which has been written. */
HB_KERNEL int32_t hb_roll_slot(const hb_rolling *stage, uint8_t k, int32_t y, int32_t x)
{
    const hb_roll_state *now = &stage->state[k];
    const int32_t behind = ((now->next >> 16) - y) * stage->strip[k].pitch + (now->next & 0xffff) - x;
    const int32_t slot = now->slot - behind;
    return slot < 0 ? slot + stage->maps[k].ring : slot;
}

/* What a piece reads of a ring, in place. */
HB_KERNEL hb_view hb_roll_in_place(const hb_rolling *stage, uint8_t k, hb_region part)
{
    const hb_roll_map *map = &stage->maps[k];
    const int16_t pitch = stage->strip[k].pitch;
    const int32_t slot = hb_roll_slot(stage, k, part.y0, part.x0), turn = part.y0 + (map->ring - slot - 1) / pitch + 1;
    uint8_t *const data = map->data + slot * map->pixel_bytes;
    return (hb_view){data, part.y0, part.x0, pitch, (int16_t)turn, turn < part.y1 ? map->ring : 0};
}

/* The rows of a region of map k, one after another, from the ring to `window`. */
HB_KERNEL void hb_roll_gather(const hb_view *view, hb_region part, int32_t pixel_bytes, uint8_t *window)
{
    const int32_t bytes = (part.x1 - part.x0) * pixel_bytes;
    for (int32_t y = part.y0; y < part.y1; y++, window += bytes) {
        memcpy(window, (const uint8_t *)view->data + hb_at(view, y, part.x0, pixel_bytes), (size_t)bytes);
    }
}

/* What the piece `at` reads of an input. */
HB_KERNEL hb_region hb_roll_part(const hb_roll_input *in, hb_region at)
{
    return in->point
               ? at
               : (hb_region){(int16_t)hb_roll_first(&in->rows, at.y0), (int16_t)(hb_roll_last(&in->rows, at.y0) + 1),
                             (int16_t)hb_roll_first(&in->cols, at.x0),
                             (int16_t)(hb_roll_last(&in->cols, at.x1 - 1) + 1)};
}

/* Where it lies. */
HB_KERNEL hb_view hb_roll_view(const hb_rolling *stage, const hb_roll_input *in, hb_region at)
{
    const hb_roll_map *map = &stage->maps[in->from];
    if (map->ring == 0) {
        return hb_whole(map->data, map->cols);
    }
    const hb_region part = hb_roll_part(in, at);
    const hb_view view = hb_roll_in_place(stage, in->from, part);
    if (in->window == NULL) {
        return view;
    }
    hb_roll_gather(&view, part, map->pixel_bytes, in->window);
    return hb_window(in->window, part);
}

/* A piece of a ring has been written from `slot` on: what of it lies behind the ring once more. */
HB_KERNEL void hb_roll_again(const hb_roll_map *map, int32_t slot)
{
    if (slot < map->again) {
        const int32_t left = map->again - slot, pixels = left < map->piece ? left : map->piece;
        uint8_t *const from = map->data + slot * map->pixel_bytes;
        memcpy(from + map->ring * map->pixel_bytes, from, (size_t)(pixels * map->pixel_bytes));
    }
}

/* Compute the piece `at` of map k, whose inputs are there. */
HB_KERNEL void hb_roll_piece(const hb_rolling *stage, uint8_t k, hb_region at)
{
    const hb_roll_map *map = &stage->maps[k];
    hb_roll_state *now = &stage->state[k];
    hb_piece piece;
    piece.at = at;
    for (int32_t i = 0; i < map->inputs; i++) {
        piece.in[i] = hb_roll_view(stage, &map->in[i], at);
    }
    const int32_t slot = map->ring == 0 ? at.y0 * map->cols + at.x0 : now->slot;
    piece.out = hb_window(map->data + slot * map->pixel_bytes, at);
    hb_roll_run((uint16_t)(stage->first + k), &piece);
    if (map->ring != 0) {
        hb_roll_again(map, slot);
        now->slot = (uint16_t)(slot + map->piece < map->ring ? slot + map->piece : 0);
    }
    now->next =
        at.x1 < stage->strip[k].stop ? hb_roll_place(at.y0, at.x1) : hb_roll_place(at.y0 + 1, stage->strip[k].first);
}

/* Write map `wanted` to the strip's end, and whatever it asks for before. */
HB_SHARED void hb_roll_to_end(const hb_rolling *stage, uint8_t wanted)
{
    hb_roll_state *state = stage->state;
    state[wanted].asked = hb_roll_place(stage->maps[wanted].rows - 1, stage->strip[wanted].stop - 1);
    for (uint8_t k = wanted, input = 0;;) {
        if (state[k].next <= state[k].asked) {
            const hb_region at = hb_roll_next(stage, k);
            const uint8_t missing = hb_roll_missing(stage, k, at, input);
            if (missing == k) {
                hb_roll_piece(stage, k, at);
            }
            k = missing, input = 0;
        } else if (k != wanted) {
            input = (uint8_t)(state[k].input + 1), k = state[k].asked_by;
        } else {
            return;
        }
    }
}

HB_KERNEL void hb_roll_one_strip(const hb_rolling *stage, uint8_t count)
{
    for (uint8_t k = 0; k < count; k++) {
        stage->state[k] = (hb_roll_state){hb_roll_place(0, stage->strip[k].first), 0, 0, 0, 0};
    }
    hb_roll_to_end(stage, (uint8_t)(count - 1));
    for (uint8_t k = 0; k < count; k++) {
        if (stage->maps[k].ring == 0) {
            hb_roll_to_end(stage, k);
        }
    }
}

/* Run a stage. One copy serves all of a model. */
HB_SHARED void hb_roll(const hb_roll_stage *stage)
{
    for (uint8_t s = 0; s < stage->strips; s++) {
        const hb_rolling rolling = {stage->maps, stage->strip + s * stage->count, stage->memory, stage->first};
        hb_roll_one_strip(&rolling, stage->count);
    }
}

#endif
