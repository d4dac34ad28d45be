/* Guards: what must not be touched is forbidden where the core can forbid it, and painted and checked where it cannot.
 *
 * ARMv6-M with MPU, ARMv7-M: flash read-only, no access to the first bytes of memory (null pointers) nor to the 256
 * bytes below each stack. Vectors are fetched past the MPU, so the null guard may lie on them.
 * ARMv8-M: PSPLIM and MSPLIM stop the stacks; the MPU leaves flash (read-only), RAM without the bytes below the stacks,
 * and peripherals, and nothing else.
 * Without any of it: the bytes below the model's stack are painted and looked at after each step.
 * Everywhere: the bytes after the arena are painted and looked at after each step.
 */
#include "hb_cortex.h"

#define NULL_GUARD_BYTES 256u
#define GUARD_WORD 0x3C3C3C3Cu
#define GUARD_BYTE 0x3Cu

uint8_t *hb_stack_bottom(void)
{
    uintptr_t sums = (uintptr_t)hb_free + hb_model.steps * sizeof(uint64_t);
    uintptr_t guard = (sums + HB_GUARD_BYTES - 1) / HB_GUARD_BYTES * HB_GUARD_BYTES;
    return (uint8_t *)(guard + HB_GUARD_BYTES);
}

static void paint(uint8_t *from, const uint8_t *to)
{
    while (from < to) {
        *from++ = GUARD_BYTE;
    }
}

/* The guard begins in the middle of a word where the arena ends there: `ours` are the bytes of that word it has. Two
 * words are looked at, which is at least five bytes. */
static bool is_arena_intact(void)
{
    const uint32_t *word = (const uint32_t *)((uintptr_t)hb_arena_guard & ~3u);
    uint32_t ours = 0xffffffffu << 8 * ((uintptr_t)hb_arena_guard & 3);
    return (((word[0] ^ GUARD_WORD) & ours) | (word[1] ^ GUARD_WORD)) == 0;
}

static bool is_stack_intact(void)
{
    const uint32_t *end = (const uint32_t *)hb_stack_bottom(), *word = end - HB_GUARD_BYTES / 4;
    while (word < end && *word == GUARD_WORD) {
        word++;
    }
    return word == end;
}

#if HB_ARMV8M

enum { READ_WRITE = 0, READ_ONLY = 2 << 1, NO_EXECUTE = 1 };
enum { NORMAL, DEVICE }; /* indices into MAIR0 */

static void region(uint32_t number, uint32_t base, uint32_t end, uint32_t access, uint32_t memory)
{
    MPU_RNR = number;
    MPU_RBAR = (base & ~31u) | access;
    MPU_RLAR = ((end - 1) & ~31u) | memory << 1 | 1u;
}

static void protect(void)
{
    uint32_t bottom = (uint32_t)hb_stack_bottom(), harness_guard = (uint32_t)hb_harness_guard;
    uint32_t harness = harness_guard + HB_GUARD_BYTES, flash = (uint32_t)hb_flash_start;
    __asm volatile("msr psplim, %0\n msr msplim, %1" ::"r"(bottom), "r"(harness));
    hb_platform.guards |= HB_GUARD_STACK_LIMIT;
    if ((MPU_TYPE >> 8 & 0xff) < 5) {
        return;
    }
    MPU_MAIR0 = 0x04aau; /* NORMAL: write-through; DEVICE: nGnRE */
    region(0, flash == 0 ? NULL_GUARD_BYTES : flash, (uint32_t)hb_flash_end, READ_ONLY, NORMAL);
    region(1, (uint32_t)hb_ram_start, harness_guard, READ_WRITE, NORMAL);
    region(2, harness, bottom - HB_GUARD_BYTES, READ_WRITE, NORMAL);
    region(3, bottom, (uint32_t)hb_ram_end, READ_WRITE, NORMAL);
    region(4, 0x40000000u, 0x60000000u, READ_WRITE | NO_EXECUTE, DEVICE);
    MPU_CTRL = 1;
    hb_platform.guards |= HB_GUARD_STACK_MPU | HB_GUARD_FLASH | HB_GUARD_NULL;
}

#else

/* `bytes` is rounded up to the power of two that the MPU wants, which is why flash sizes should be one. */
static void region(uint32_t number, uint32_t base, uint32_t bytes, uint32_t access)
{
    uint32_t log = 8;
    while (log < 32 && 1u << log < bytes) {
        log++;
    }
    MPU_RNR = number;
    MPU_RBAR = base & ~((1u << log) - 1);
    MPU_RASR = access | (log - 1) << 1 | 1u;
}

static void protect(void)
{
    /* XN bit 28, AP bits 26:24 (0 none, 6 read-only), normal write-through memory: C, bit 17 */
    enum { NO_ACCESS = 1 << 28 | 1 << 17, READ_ONLY = 6 << 24 | 1 << 17 };
    if ((MPU_TYPE >> 8 & 0xff) < 4) {
        hb_platform.guards |= HB_GUARD_STACK_PAINTED;
        paint(hb_stack_bottom() - HB_GUARD_BYTES, hb_stack_bottom());
        return;
    }
    region(0, (uint32_t)hb_flash_start, (uint32_t)(hb_flash_end - hb_flash_start), READ_ONLY);
    region(1, 0, NULL_GUARD_BYTES, NO_ACCESS);
    region(2, (uint32_t)hb_stack_bottom() - HB_GUARD_BYTES, HB_GUARD_BYTES, NO_ACCESS);
    region(3, (uint32_t)hb_harness_guard, HB_GUARD_BYTES, NO_ACCESS);
    MPU_CTRL = 5; /* on, and the default map for the rest */
    hb_platform.guards |= HB_GUARD_STACK_MPU | HB_GUARD_FLASH | HB_GUARD_NULL;
}

#endif

void hb_guards_init(void)
{
    paint(hb_arena_guard, hb_arena_guard_end);
    hb_platform.guards = HB_GUARD_ARENA_PAINTED;
    protect();
    __asm volatile("dsb\n isb" ::: "memory");
}

uint8_t hb_platform_check(void)
{
    if (!is_arena_intact()) {
        return HB_FAULT_ARENA;
    }
    bool painted = hb_platform.guards & HB_GUARD_STACK_PAINTED;
    return painted && !is_stack_intact() ? HB_FAULT_STACK : 0;
}
