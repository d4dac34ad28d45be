/* The table of blocks, by address and code. */
#include <stdlib.h>
#include <string.h>

#include "profiler.h"
#include "thumb.h"

hb_block **hb_blocks;
uint32_t hb_block_count;

static hb_block *buckets[HB_BUCKETS];
static uint32_t capacity;

/* Whether `code` ends in BL or BLX: what follows it is where the callee returns to. */
static bool ends_in_call(const uint8_t *code, uint32_t length)
{
    uint32_t last = code[length - 2] | (uint32_t)code[length - 1] << 8;
    uint32_t before = length < 4 ? 0 : code[length - 4] | (uint32_t)code[length - 3] << 8;
    return (last & 0xFF87) == 0x4780 || ((before & 0xF800) == 0xF000 && (last & 0xD000) == 0xD000);
}

/* Addresses in IT blocks: a block that begins at one of them (after an access to a device, or on another page than its
 * IT instruction) may skip its first instructions. */
static uint8_t conditional[HB_BUCKETS];

static bool begins_conditional(uint64_t start)
{
    return conditional[(start >> 1) % HB_BUCKETS];
}

static void note_conditional(uint64_t start, const uint8_t *code, uint32_t length)
{
    uint32_t open = begins_conditional(start) ? 4 : 0, at = 0;
    while (at < length) {
        uint32_t first = code[at] | (uint32_t)code[at + 1] << 8, it = hb_thumb_it_length(first);
        if (open) {
            conditional[((start + at) >> 1) % HB_BUCKETS] = 1;
            open--;
        }
        open = it ? it : open;
        at += hb_thumb_size(first);
    }
    if (open) {
        conditional[((start + length) >> 1) % HB_BUCKETS] = 1;
    }
}

static void plan_accesses(hb_block *b, uint32_t instructions)
{
    if (hb_setup.each || instructions < 2) {
        return; /* one instruction alone may be QEMU's repetition of an access to a
               device */
    }
    b->leads = malloc(instructions);
    b->plan = hb_make_plan(b->start, b->code, b->length, begins_conditional(b->start), b->leads);
}

static uint32_t count_instructions(const uint8_t *code, uint32_t length)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < length; count++) {
        at += hb_thumb_size(code[at] | (uint32_t)code[at + 1] << 8);
    }
    return count;
}

/* Blocks that on_event has to see begin: the function, and where calls return to. */
static uint8_t return_site[HB_BUCKETS];

static bool is_watched(uint64_t address)
{
    return address == hb_setup.function || address == hb_state.returns_to || return_site[(address >> 1) % HB_BUCKETS];
}

void hb_watch(uint64_t address)
{
    for (hb_block *found = buckets[(address >> 1) % HB_BUCKETS]; found; found = found->next) {
        if (found->start == address) {
            found->watched = is_watched(address);
        }
    }
}

static hb_block *add_block(uint64_t start, const uint8_t *code, uint32_t length)
{
    hb_block *fresh = calloc(1, sizeof(hb_block) + length);
    if (hb_block_count == capacity) {
        capacity = capacity ? 2 * capacity : 1024;
        hb_blocks = realloc(hb_blocks, capacity * sizeof *hb_blocks);
    }
    fresh->start = start;
    fresh->end = start + length;
    fresh->id = hb_block_count;
    fresh->length = length;
    fresh->last = HB_NEVER_LEFT;
    fresh->calls = ends_in_call(code, length);
    fresh->tracked = fresh->calls && hb_setup.calls;
    fresh->watched = is_watched(start);
    if (fresh->tracked) {
        return_site[(fresh->end >> 1) % HB_BUCKETS] = 1;
        hb_watch(fresh->end);
    }
    memcpy(fresh->code, code, length);
    fresh->next = buckets[(start >> 1) % HB_BUCKETS];
    buckets[(start >> 1) % HB_BUCKETS] = fresh;
    hb_blocks[hb_block_count++] = fresh;
    plan_accesses(fresh, count_instructions(code, length));
    note_conditional(start, code, length);
    hb_put_block(fresh);
    return fresh;
}

hb_block *hb_find_block(uint64_t start, const uint8_t *code, uint32_t length)
{
    for (hb_block *found = buckets[(start >> 1) % HB_BUCKETS]; found; found = found->next) {
        if (found->start == start && found->length == length && memcmp(found->code, code, length) == 0) {
            return found;
        }
    }
    return add_block(start, code, length);
}
