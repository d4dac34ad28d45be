/* A set-associative cache with LRU replacement, simulated for reads. */
#ifndef HB_CACHE_H
#define HB_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/* Lines of `line` bytes in `size` bytes of `ways` ways, all powers of two; false where they make no cache. */
bool hb_cache_setup(unsigned size, unsigned ways, unsigned line);
bool hb_cache_enabled(void);

/* Misses since the last call. */
uint64_t hb_cache_take_misses(void);

/* Internals that the inlined hit needs. */
extern uint64_t hb_cache_recent;
extern unsigned hb_cache_shift;
void hb_cache_lookup(uint64_t line);

/* A read of flash at `address`. Reading the line that was read last cannot miss and changes no order. */
static inline void hb_cache_read(uint64_t address)
{
    uint64_t line = address >> hb_cache_shift;
    if (line != hb_cache_recent) {
        hb_cache_lookup(line);
    }
}

#endif
