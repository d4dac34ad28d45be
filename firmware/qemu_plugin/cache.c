/* Tags in each set are kept in order of use, the latest first. */
#include <stdlib.h>
#include <string.h>

#include "cache.h"

uint64_t hb_cache_recent = UINT64_MAX;
unsigned hb_cache_shift = 63; /* no cache: every address is on one line */

static struct {
    unsigned ways, sets;
    uint64_t misses;
    uint64_t *tags;
} cache;

bool hb_cache_setup(unsigned size, unsigned ways, unsigned line)
{
    if (!ways || !line || (line & (line - 1)) || size % (ways * line) || size < ways * line) {
        return false;
    }
    cache.ways = ways;
    cache.sets = size / (ways * line);
    cache.tags = malloc(size / line * sizeof *cache.tags);
    hb_cache_shift = (unsigned)__builtin_ctz(line);
    for (unsigned i = 0; i < size / line; i++) {
        cache.tags[i] = UINT64_MAX;
    }
    return true;
}

bool hb_cache_enabled(void)
{
    return cache.ways != 0;
}

uint64_t hb_cache_take_misses(void)
{
    uint64_t misses = cache.misses;
    cache.misses = 0;
    return misses;
}

void hb_cache_lookup(uint64_t line)
{
    hb_cache_recent = line;
    if (!cache.ways) {
        return;
    }
    uint64_t *set = cache.tags + (line % cache.sets) * cache.ways;
    unsigned way = 0;
    while (way < cache.ways - 1 && set[way] != line) {
        way++;
    }
    cache.misses += set[way] != line;
    memmove(set + 1, set, way * sizeof *set);
    set[0] = line;
}
