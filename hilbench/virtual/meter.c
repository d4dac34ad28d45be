/* Counts the core's time, block by block: what unicorn calls at the begin of every block of instructions.
 *
 * In C because it runs some ten million times per second; hilbench/virtual/meter.py describes the same structure.
 */
#include <stdint.h>

#define SLOTS 16384u

typedef struct {
    uint32_t address, size; /* size 0: empty */
    uint32_t cycles, taken; /* if the next block is the one that follows, and more if it is not */
} hb_cost;

typedef struct {
    uint64_t cycles, next_event;
    volatile uint32_t attention, leave;
    uint32_t fall_through, taken;
    void (*stop)(void *engine);
    void (*price)(uint32_t address, uint32_t size); /* fills `priced` */
    hb_cost priced;
    hb_cost table[SLOTS];
} hb_meter;

void hb_on_block(void *engine, uint64_t at, uint32_t size, hb_meter *meter);

/* A stop asked for here leaves before the block, which is hooked again at the restart, and is then counted. */
void hb_on_block(void *engine, uint64_t at, uint32_t size, hb_meter *meter)
{
    if (meter->attention || meter->leave || meter->cycles >= meter->next_event) {
        meter->stop(engine);
        return;
    }
    uint32_t address = (uint32_t)at;
    hb_cost *cost = &meter->table[(address >> 1 ^ address >> 15) % SLOTS];
    if (cost->address != address || cost->size != size) {
        meter->price(address, size);
        *cost = meter->priced;
    }
    meter->cycles += cost->cycles + (address == meter->fall_through ? 0 : meter->taken);
    meter->fall_through = address + size;
    meter->taken = cost->taken;
}
