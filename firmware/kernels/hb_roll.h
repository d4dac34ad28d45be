/* Rolling stages: operators that run a few pixels of a row at a time, each on demand of the next, over rings.
 *
 * Of a map that flows through a stage only the pixels that are still read are kept: pixel p, counted row by row, lies
 * in slot p modulo the ring. The last map of the stage asks for its pieces one after the other; a piece asks for the
 * pixels that it reads, and where they are not there yet they are computed first, a piece at a time. The planner has
 * run the same demands without the numbers, and made each ring as long as they need it.
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

/* What an operator reads of map `from` of its stage. It is gathered at `window` first; where that is NULL it is one
 * run of the ring, or the map is a row, or exists whole. */
typedef struct {
    uint8_t from;
    hb_axis rows, cols;
    uint8_t *window;
} hb_roll_input;

/* A map that is written in pieces: to a ring of `ring` pixels, or whole where that is 0. Where `keep` is not 0 the ring
 * is a row: when it is full, its last `keep` pixels are moved to its beginning. `cols` are those of the whole map. */
typedef struct {
    int16_t rows, cols, piece;
    uint16_t ring, keep, pixel_bytes;
    uint8_t *data;
    const hb_roll_input *in;
    uint8_t inputs;
} hb_roll_map;

/* Columns first <= x < stop of a map are written in a strip; two rows begin `pitch` pixels apart in its ring. */
typedef struct {
    int16_t first, stop, pitch;
} hb_roll_strip;

/* The next piece of a map begins at (y, x) and goes to `slot`; asked for are the pixels up to (asked_y, asked_x), by
 * the map `asked_by`. */
typedef struct {
    int16_t y, x, asked_y, asked_x;
    uint16_t slot, asked_by;
} hb_roll_state;

/* What the function of a step gets: where its operands are, and the pixels to write. */
typedef struct {
    hb_view in[HB_ROLL_INPUTS], out;
    hb_region at;
} hb_piece;

typedef void (*hb_roll_run)(uint8_t map, const hb_piece *piece);

HB_KERNEL int32_t hb_roll_input_of(const hb_axis *axis, int32_t output)
{
    const int32_t place = output * axis->stride - axis->before;
    return __builtin_expect(axis->over == 1, 1) ? place : place / axis->over;
}

/* Inputs that outputs first <= i < stop read; what lies wholly outside becomes the nearest one. */
HB_KERNEL hb_range hb_roll_reads(const hb_axis *axis, int32_t first, int32_t stop)
{
    const int32_t start = hb_roll_input_of(axis, first);
    const int32_t end = hb_roll_input_of(axis, stop - 1) + axis->extent;
    const int32_t low = start < 0 ? 0 : start < axis->size ? start : axis->size - 1;
    const int32_t high = end > axis->size ? axis->size : end;
    return (hb_range){(int16_t)low, (int16_t)(high > low ? high : low + 1)};
}

/* The next piece of a map: pixels of one row. */
HB_KERNEL hb_region hb_roll_next(const hb_roll_map *map, const hb_roll_strip *strip, const hb_roll_state *now)
{
    const int32_t end = now->x + map->piece;
    return (hb_region){now->y, (int16_t)(now->y + 1), now->x, (int16_t)(end < strip->stop ? end : strip->stop)};
}

HB_KERNEL hb_region hb_roll_region(const hb_roll_input *in, hb_region at)
{
    return hb_part(hb_roll_reads(&in->rows, at.y0, at.y1), hb_roll_reads(&in->cols, at.x0, at.x1));
}

HB_KERNEL int hb_roll_written(const hb_roll_state *now, int32_t y, int32_t x)
{
    return now->y > y || (now->y == y && now->x > x);
}

/* A stage and how far it is. */
typedef struct {
    const hb_roll_map *maps;
    const hb_roll_strip *strip; /* of each map */
    hb_roll_state *state;
    hb_roll_run run;
} hb_rolling;

/* The next piece of a map, and what it reads of each input. */
typedef struct {
    hb_region at, need[HB_ROLL_INPUTS];
} hb_roll_wish;

/* The input map of which pixels are missing for the next piece of map k, having asked for them; k itself if none is,
 * and then `wish` is complete. */
HB_KERNEL uint8_t hb_roll_missing(const hb_rolling *stage, uint8_t k, hb_roll_wish *wish)
{
    const hb_roll_map *map = &stage->maps[k];
    wish->at = hb_roll_next(map, &stage->strip[k], &stage->state[k]);
    for (uint8_t i = 0; i < map->inputs; i++) {
        const hb_region need = hb_roll_region(&map->in[i], wish->at);
        hb_roll_state *from = &stage->state[map->in[i].from];
        if (!hb_roll_written(from, need.y1 - 1, need.x1 - 1)) {
            from->asked_y = (int16_t)(need.y1 - 1);
            from->asked_x = (int16_t)(need.x1 - 1);
            from->asked_by = k;
            return map->in[i].from;
        }
        wish->need[i] = need;
    }
    return k;
}

/* Slot of pixel (y, x) of map k, which has been written. */
HB_KERNEL int32_t hb_roll_slot(const hb_rolling *stage, uint8_t k, int32_t y, int32_t x)
{
    const hb_roll_state *now = &stage->state[k];
    const int32_t slot = now->slot - ((now->y - y) * stage->strip[k].pitch + now->x - x);
    return slot < 0 ? slot + stage->maps[k].ring : slot;
}

/* The rows of a region of map k, one after another, from the ring to `window`. */
HB_KERNEL void hb_roll_gather(const hb_rolling *stage, uint8_t k, hb_region part, uint8_t *window)
{
    const hb_roll_map *map = &stage->maps[k];
    const int32_t pixels = part.x1 - part.x0;
    const size_t bytes = (size_t)(pixels * map->pixel_bytes);
    for (int32_t y = part.y0; y < part.y1; y++, window += bytes) {
        const int32_t slot = hb_roll_slot(stage, k, y, part.x0);
        const int32_t room = map->ring - slot;
        const uint8_t *run = map->data + slot * map->pixel_bytes;
        if (pixels <= room) {
            memcpy(window, run, bytes);
        } else {
            const size_t head = (size_t)(room * map->pixel_bytes);
            memcpy(window, run, head);
            memcpy(window + head, map->data, bytes - head);
        }
    }
}

HB_KERNEL hb_view hb_roll_view(const hb_rolling *stage, const hb_roll_input *in, hb_region part)
{
    const hb_roll_map *map = &stage->maps[in->from];
    if (map->ring == 0) {
        return hb_whole(map->data, map->cols);
    }
    if (in->window == NULL) {
        const int32_t slot = hb_roll_slot(stage, in->from, part.y0, part.x0);
        return (hb_view){map->data + slot * map->pixel_bytes, part.y0, part.x0, stage->strip[in->from].pitch};
    }
    hb_roll_gather(stage, in->from, part, in->window);
    return hb_window(in->window, part);
}

/* Make room for the next piece of a map. */
HB_KERNEL void hb_roll_slide(const hb_roll_map *map, hb_roll_state *now)
{
    if (now->slot + map->piece <= map->ring) {
        return;
    }
    if (map->keep > 0) {
        const size_t bytes = (size_t)map->keep * map->pixel_bytes;
        memmove(map->data, map->data + (now->slot - map->keep) * map->pixel_bytes, bytes);
    }
    now->slot = map->keep;
}

/* Compute the next piece of map k, whose inputs are there. */
HB_KERNEL void hb_roll_piece(const hb_rolling *stage, uint8_t k, const hb_roll_wish *wish)
{
    const hb_roll_map *map = &stage->maps[k];
    hb_roll_state *now = &stage->state[k];
    hb_piece piece;
    piece.at = wish->at;
    for (uint8_t i = 0; i < map->inputs; i++) {
        piece.in[i] = hb_roll_view(stage, &map->in[i], wish->need[i]);
    }
    hb_roll_slide(map, now);
    const int32_t slot = map->ring == 0 ? now->y * map->cols + now->x : now->slot;
    piece.out = hb_window(map->data + slot * map->pixel_bytes, piece.at);
    stage->run(k, &piece);
    now->x = piece.at.x1;
    if (now->x == stage->strip[k].stop) {
        now->x = stage->strip[k].first;
        now->y++;
    }
    now->slot = (uint16_t)(now->slot + map->piece);
}

/* Write map `wanted` to the strip's end, and whatever it asks for before. */
HB_KERNEL void hb_roll_to_end(const hb_rolling *stage, uint8_t wanted)
{
    hb_roll_state *state = stage->state;
    hb_roll_wish wish;
    state[wanted].asked_y = (int16_t)(stage->maps[wanted].rows - 1);
    state[wanted].asked_x = (int16_t)(stage->strip[wanted].stop - 1);
    for (uint8_t k = wanted;;) {
        if (!hb_roll_written(&state[k], state[k].asked_y, state[k].asked_x)) {
            const uint8_t missing = hb_roll_missing(stage, k, &wish);
            if (missing == k) {
                hb_roll_piece(stage, k, &wish);
            }
            k = missing;
        } else if (k != wanted) {
            k = (uint8_t)state[k].asked_by;
        } else {
            return;
        }
    }
}

HB_KERNEL void hb_roll_one_strip(const hb_rolling *stage, uint8_t count)
{
    memset(stage->state, 0, count * sizeof *stage->state);
    for (uint8_t k = 0; k < count; k++) {
        stage->state[k].x = stage->strip[k].first;
    }
    hb_roll_to_end(stage, (uint8_t)(count - 1));
    for (uint8_t k = 0; k < count; k++) {
        if (stage->maps[k].ring == 0) {
            hb_roll_to_end(stage, k);
        }
    }
}

/* Run a stage of `count` maps in `strips` strips, of which `strip` holds the columns of each map, strip after strip;
 * `memory` holds a state for each map. */
HB_KERNEL void hb_roll(const hb_roll_map *maps, uint8_t count, const hb_roll_strip *strip, uint8_t strips, void *memory,
                       hb_roll_run run)
{
    for (uint8_t s = 0; s < strips; s++, strip += count) {
        const hb_rolling stage = {maps, strip, memory, run};
        hb_roll_one_strip(&stage, count);
    }
}

#endif
