/* How much of the arena was touched. Only the tail beyond what is known to be used is painted before a run and scanned
 * after it. The paint alternates between a pattern and its complement, so that a byte which by chance was written with
 * the colour of its paint is seen in the next run: two runs make the figure exact.
 */
#include "hb_runtime.h"

static uint32_t used;
static uint8_t turn;

static uint8_t colour(uint32_t at)
{
    uint8_t pattern = (uint8_t)(0xc5 ^ at * 29);
    return turn ? pattern : (uint8_t)~pattern;
}

void hb_arena_forget(void)
{
    used = 0;
}

void hb_arena_touched(uint32_t end)
{
    used = end > used ? end : used;
}

void hb_arena_paint(void)
{
    turn ^= 1;
    for (uint32_t at = used; at < hb_model.arena_bytes; at++) {
        hb_model.arena[at] = colour(at);
    }
}

void hb_arena_scan(void)
{
    uint32_t end = hb_model.arena_bytes;
    while (end > used && hb_model.arena[end - 1] == colour(end - 1)) {
        end--;
    }
    used = end;
}

/* In words, as buffers are placed: what is left over of the last word in use can hold nothing else. */
uint32_t hb_arena_used(void)
{
    uint32_t words = (used + 3) & ~3u;
    return words < hb_model.arena_bytes ? words : hb_model.arena_bytes;
}
