/* Encodings: Arm DDI 0403E (ARMv7-M Architecture Reference Manual), chapter A5. What is not decoded here is HB_OTHER,
 * which costs speed and nothing else. */
#include "thumb.h"

#define NONE 16u

static uint32_t bit(uint32_t reg)
{
    return reg < HB_PC ? 1u << reg : 0;
}

static hb_effect no_access(uint32_t written)
{
    hb_effect e = {.kind = HB_NO_ACCESS, .written = written, .added = NONE};
    return e;
}

static hb_effect other(void)
{
    hb_effect e = {.kind = HB_OTHER, .added = NONE};
    return e;
}

static hb_effect adds(uint32_t reg, int32_t addend)
{
    hb_effect e = {.kind = HB_NO_ACCESS, .added = reg, .addend = addend};
    return e;
}

static hb_effect fixed(bool store, uint32_t size, uint32_t base, int32_t offset, uint32_t written)
{
    hb_effect e = {HB_FIXED, base, size, 1, written, NONE, offset, 0, 0, store};
    if (base == HB_PC) {
        e.kind = HB_LITERAL;
    }
    return e;
}

static hb_effect indexed(bool store, uint32_t size, uint32_t written)
{
    hb_effect e = {HB_INDEXED, 0, size, 1, written, NONE, 0, 0, 0, store};
    return e;
}

/* Registers of `list` from base + offset on; a base that is loaded is not advanced. */
static hb_effect multiple(bool store, uint32_t base, uint32_t list, int32_t offset, int32_t advance)
{
    hb_effect e = fixed(store, 4, base, offset, store ? 0 : list & 0x7FFF);
    e.count = (uint32_t)__builtin_popcount(list);
    e.advance = e.written & bit(base) ? 0 : advance;
    return base == HB_PC || e.count == 0 ? other() : e;
}

/* ------------------------------------------------------------------------------------------------- 16 bits */

static hb_effect special_data(uint32_t h)
{
    uint32_t wide = (h >> 4 & 8) | (h & 7);
    if (h >> 10 == 0x10) {
        uint32_t op = h >> 6 & 15;
        return no_access(op == 8 || op == 10 || op == 11 ? 0 : bit(h & 7)); /* TST, CMP, CMN write nothing */
    }
    switch (h >> 8 & 3) {
    case 0:
    case 2:
        return no_access(bit(wide));
    case 1:
        return no_access(0);
    default:
        return no_access(bit(14)); /* BX, BLX */
    }
}

static hb_effect register_offset(uint32_t h)
{
    static const uint8_t sizes[8] = {4, 2, 1, 1, 4, 2, 1, 2};
    uint32_t op = h >> 9 & 7;
    return indexed(op < 3, sizes[op], op < 3 ? 0 : bit(h & 7));
}

static hb_effect immediate_offset(uint32_t h)
{
    uint32_t top = h >> 11, size = top < 14 ? 4 : top < 16 ? 1 : 2;
    bool store = !(top & 1);
    return fixed(store, size, h >> 3 & 7, (int32_t)((h >> 6 & 31) * size), store ? 0 : bit(h & 7));
}

static hb_effect miscellaneous(uint32_t h)
{
    int32_t bytes = 4 * __builtin_popcount(h & 0x1FF);
    switch (h >> 8 & 15) {
    case 0:
        return adds(HB_SP, (int32_t)(h & 0x7F) * (h & 0x80 ? -4 : 4));
    case 1:
    case 3:
    case 9:
    case 11: /* CBZ, CBNZ */
    case 6:  /* CPS */
    case 14: /* BKPT */
    case 15: /* IT and hints */
        return no_access(0);
    case 2:  /* SXTH, SXTB, UXTH, UXTB */
    case 10: /* REV, REV16, REVSH */
        return no_access(bit(h & 7));
    case 4:
    case 5: /* PUSH; bit 8 is LR */
        return multiple(true, HB_SP, (h & 0xFF) | (h & 0x100) << 6, -bytes, -bytes);
    case 12:
    case 13: /* POP; bit 8 is PC */
        return multiple(false, HB_SP, (h & 0xFF) | (h & 0x100) << 7, 0, bytes);
    default:
        return other();
    }
}

static hb_effect narrow(uint32_t h)
{
    uint32_t high = h >> 8 & 7, byte = h & 0xFF;
    int32_t bytes = 4 * __builtin_popcount(byte);
    switch (h >> 11) {
    case 0:
    case 1:
    case 2:
    case 3:
        return no_access(bit(h & 7));
    case 4:
    case 20:
    case 21:
        return no_access(bit(high));
    case 6:
        return adds(high, (int32_t)byte);
    case 7:
        return adds(high, -(int32_t)byte);
    case 8:
        return special_data(h);
    case 9:
        return fixed(false, 4, HB_PC, (int32_t)byte * 4, bit(high));
    case 10:
    case 11:
        return register_offset(h);
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
        return immediate_offset(h);
    case 18:
        return fixed(true, 4, HB_SP, (int32_t)byte * 4, 0);
    case 19:
        return fixed(false, 4, HB_SP, (int32_t)byte * 4, bit(high));
    case 22:
    case 23:
        return miscellaneous(h);
    case 24:
        return multiple(true, high, byte, 0, bytes);
    case 25:
        return multiple(false, high, byte, 0, bytes);
    default:
        return no_access(0); /* CMP, branches, SVC */
    }
}

/* ------------------------------------------------------------------------------------------------- 32 bits */

static hb_effect wide_multiple(uint32_t a, uint32_t b)
{
    bool load = a >> 4 & 1, back = a >> 5 & 1;
    int32_t bytes = 4 * __builtin_popcount(b);
    switch (a >> 7 & 3) {
    case 1:
        return multiple(!load, a & 15, b, 0, back ? bytes : 0);
    case 2:
        return multiple(!load, a & 15, b, -bytes, back ? -bytes : 0);
    default:
        return other();
    }
}

static hb_effect dual_or_table(uint32_t a, uint32_t b)
{
    bool before = a >> 8 & 1, back = a >> 5 & 1, load = a >> 4 & 1;
    int32_t offset = (int32_t)(b & 0xFF) * (a >> 7 & 1 ? 4 : -4);
    if (!before && !back) {
        bool table = (a & 0xFFF0) == 0xE8D0 && (b & 0xFFE0) == 0xF000;
        return table ? indexed(false, b >> 4 & 1 ? 2 : 1, 0) : other();
    }
    if ((a & 15) == HB_PC) {
        return other();
    }
    hb_effect e = fixed(!load, 4, a & 15, before ? offset : 0, load ? bit(b >> 12) | bit(b >> 8 & 15) : 0);
    e.count = 2;
    e.advance = back && !(e.written & bit(e.base)) ? offset : 0;
    return e;
}

static hb_effect single(uint32_t a, uint32_t b)
{
    bool load = a >> 4 & 1;
    uint32_t size = 1u << (a >> 5 & 3), base = a & 15, written = load ? bit(b >> 12) : 0;
    if (size == 8) {
        return other();
    }
    if (load && b >> 12 == HB_PC && size < 4) {
        return no_access(0); /* PLD, PLI and reserved hints */
    }
    if (base == HB_PC) {
        return load ? fixed(false, size, HB_PC, (int32_t)(b & 0xFFF) * (a >> 7 & 1 ? 1 : -1), written) : other();
    }
    if (a >> 7 & 1) {
        return fixed(!load, size, base, (int32_t)(b & 0xFFF), written);
    }
    if (!(b >> 11 & 1)) {
        return b & 0x7C0 ? other() : indexed(!load, size, written);
    }
    bool before = b >> 10 & 1, back = b >> 8 & 1;
    int32_t offset = (int32_t)(b & 0xFF) * (b >> 9 & 1 ? 1 : -1);
    hb_effect e = fixed(!load, size, base, before ? offset : 0, written);
    e.advance = back && !(written & bit(base)) ? offset : 0;
    return e;
}

/* Single precision alone; doubles and the vectors of ARMv8.1-M are accessed in ways that differ between releases. */
static hb_effect coprocessor(uint32_t a, uint32_t b)
{
    bool before = a >> 8 & 1, up = a >> 7 & 1, back = a >> 5 & 1, load = a >> 4 & 1;
    int32_t bytes = (int32_t)(b & 0xFF) * 4;
    if ((b >> 9 & 7) != 5) { /* neither coprocessor 10 nor 11 */
        return other();
    }
    if (a >> 8 == 0xEE) {
        return no_access((b >> 4 & 1) && load ? bit(b >> 12) : 0); /* VMOV and VMRS to a core register */
    }
    if ((a & 0xFFE0) == 0xEC40) {
        return no_access(load ? bit(b >> 12) | bit(a & 15) : 0); /* VMOV of two registers */
    }
    if (a >> 9 != 0x76 || (b >> 8 & 1)) {
        return other();
    }
    if (before && !back) {
        return fixed(!load, 4, a & 15, up ? bytes : -bytes, 0);
    }
    if (before == up || (a & 15) == HB_PC || bytes == 0) {
        return other();
    }
    hb_effect e = fixed(!load, 4, a & 15, up ? 0 : -bytes, 0);
    e.count = b & 0xFF;
    e.advance = back ? (up ? bytes : -bytes) : 0;
    return e;
}

static hb_effect wide(uint32_t a, uint32_t b)
{
    uint32_t group = a >> 11 & 3, op = a >> 4 & 0x7F, destination = bit(b >> 8 & 15);
    if (group != 2 && op & 0x40) {
        return coprocessor(a, b);
    }
    if (group == 1) {
        return op & 0x20 ? no_access(destination) : op & 4 ? dual_or_table(a, b) : wide_multiple(a, b);
    }
    if (group == 2) {
        bool status = (a & 0xFFE0) == 0xF3E0; /* MRS */
        return no_access(b >> 15 && !status ? bit(14) : destination);
    }
    if ((op & 0x71) == 0x10) {
        return other();
    }
    if (!(op & 0x20)) {
        return single(a, b);
    }
    return no_access((op & 0x78) == 0x38 ? destination | bit(b >> 12) : destination);
}

hb_effect hb_thumb_effect(uint32_t first, uint32_t second)
{
    return hb_thumb_size(first) == 2 ? narrow(first) : wide(first, second);
}

uint32_t hb_thumb_it_length(uint32_t first)
{
    uint32_t mask = first & 15;
    return first >> 8 == 0xBF && mask ? 4 - (uint32_t)__builtin_ctz(mask) : 0;
}
