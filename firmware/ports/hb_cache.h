/* The caches of a Cortex-M7, invalidated and switched on (Arm DDI 0403, B2.2.7; DDI 0489, 4.3). */
#ifndef HB_CACHE_H
#define HB_CACHE_H

#include <stdint.h>

#define HB_SCB(offset) (*(volatile uint32_t *)(0xE000E000u + (offset)))
#define HB_SCB_CCR HB_SCB(0xD14) /* bit 16 data cache, 17 instruction cache */
#define HB_SCB_CCSIDR HB_SCB(0xD80)
#define HB_SCB_CSSELR HB_SCB(0xD84)
#define HB_SCB_ICIALLU HB_SCB(0xF50)
#define HB_SCB_DCISW HB_SCB(0xF60)

static inline void hb_barrier(void)
{
    __asm volatile("dsb\n isb" ::: "memory");
}

/* Lines of 32 bytes; the ways are counted from the top bit of the register down. */
static inline void hb_invalidate_data_cache(void)
{
    HB_SCB_CSSELR = 0;
    hb_barrier();
    uint32_t size = HB_SCB_CCSIDR, sets = (size >> 13 & 0x7FFFu) + 1, ways = (size >> 3 & 0x3FFu) + 1;
    for (uint32_t set = 0; set < sets; set++) {
        for (uint32_t way = 0; way < ways; way++) {
            HB_SCB_DCISW = way << 30 | set << 5;
        }
    }
    hb_barrier();
}

static inline void hb_caches_on(void)
{
    HB_SCB_ICIALLU = 0;
    hb_invalidate_data_cache();
    HB_SCB_CCR |= 1u << 16 | 1u << 17;
    hb_barrier();
}

#endif
