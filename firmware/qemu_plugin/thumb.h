/* What a Thumb instruction does to memory and to the registers that addresses are made of. */
#ifndef HB_THUMB_H
#define HB_THUMB_H

#include <stdbool.h>
#include <stdint.h>

#define HB_SP 13u
#define HB_PC 15u

typedef enum {
    HB_NO_ACCESS,
    HB_FIXED,   /* at base + offset */
    HB_INDEXED, /* at base + a register: not known from earlier accesses */
    HB_LITERAL, /* at a constant address, `offset` bytes from the aligned PC */
    HB_OTHER    /* not decoded: may access anything and write any register */
} hb_access_kind;

/* `count` accesses of `size` bytes, one behind the other from base + offset on; afterwards the base has moved by
 * `advance`. `written` are the registers, as bits, whose values are not known afterwards; register `added` has `addend`
 * more than before (16: none). */
typedef struct {
    hb_access_kind kind;
    uint32_t base, size, count, written, added;
    int32_t offset, advance, addend;
    bool store;
} hb_effect;

/* Instructions are 32 bits long where the first halfword begins with 11101, 11110 or 11111 (Arm DDI 0403, A5.1). */
static inline uint32_t hb_thumb_size(uint32_t first)
{
    return first >> 11 >= 0x1D ? 4 : 2;
}

/* Number of instructions that an IT instruction makes conditional; 0 for every other instruction. */
uint32_t hb_thumb_it_length(uint32_t first);

hb_effect hb_thumb_effect(uint32_t first, uint32_t second);

#endif
