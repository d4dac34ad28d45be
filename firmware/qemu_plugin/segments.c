/* Writing the profile. */
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "profiler.h"

enum { RECORD_BLOCK = 1, RECORD_SEGMENT = 2, RECORD_END = 3 };
#define NO_MARK UINT32_MAX

static void put(const void *data, size_t size)
{
    if (fwrite(data, 1, size, hb_setup.out) != size) {
        fprintf(stderr, "block profiler: cannot write the profile\n");
        exit(EXIT_FAILURE);
    }
}

static void put32(uint32_t value)
{
    put(&value, sizeof value);
}

static void put64(uint64_t value)
{
    put(&value, sizeof value);
}

void hb_put_setup(void)
{
    put("HBPROF\1\0", 8);
    put32(hb_setup.count + 1);
    strcpy(hb_setup.regions[hb_setup.count].name, "device");
    for (unsigned r = 0; r <= hb_setup.count; r++) {
        put(hb_setup.regions[r].name, sizeof hb_setup.regions[r].name);
    }
    put32(hb_cache_enabled());
}

void hb_put_block(const hb_block *b)
{
    put32(RECORD_BLOCK);
    put32((uint32_t)b->start);
    put32(b->length);
    put(b->code, b->length);
}

static void put_counters(void)
{
    for (unsigned r = 0; r <= hb_setup.count; r++) {
        put64(hb_setup.regions[r].reads);
        put64(hb_setup.regions[r].writes);
        hb_setup.regions[r].reads = hb_setup.regions[r].writes = 0;
    }
    put64(hb_state.line8_changes);
    put64(hb_state.unaligned);
    put64(hb_cache_take_misses());
    hb_state.line8_changes = hb_state.unaligned = 0;
}

void hb_end_segment(uint32_t ended_by)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < hb_block_count; i++) {
        changed += memcmp(&hb_blocks[i]->now, &hb_blocks[i]->written, sizeof(hb_counts)) != 0;
    }
    put32(RECORD_SEGMENT);
    put32(ended_by);
    put32(hb_state.digits >= HB_MARK_DIGITS ? hb_state.mark : NO_MARK);
    hb_state.digits = 0;
    put_counters();
    put32(changed);
    for (uint32_t i = 0; i < hb_block_count; i++) {
        hb_block *b = hb_blocks[i];
        if (memcmp(&b->now, &b->written, sizeof(hb_counts)) != 0) {
            put32(b->id);
            put64(b->now.executions - b->written.executions);
            put64(b->now.taken - b->written.taken);
            put64(b->now.changes - b->written.changes);
            b->written = b->now;
        }
    }
    fflush(hb_setup.out);
}

void hb_finish(void)
{
    put32(RECORD_END);
    fclose(hb_setup.out);
}
