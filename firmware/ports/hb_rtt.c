/* The link through the debug probe, for boards whose UART is not wired: two rings in RAM that the probe reads and
 * writes.
 *
 * The control block is laid out as SEGGER's RTT has it, which pyOCD speaks; the host knows its address from the ELF.
 * The linker puts these functions in the place of the port's (--wrap), whose UART stays unused.
 */
#include <stdint.h>

#include "hb_port.h"

#define RING_BYTES 1024u

typedef struct {
    const char *name;
    uint8_t *data;
    uint32_t size;
    volatile uint32_t written, read; /* each side moves its own one */
    uint32_t flags;
} hb_rtt_ring;

typedef struct {
    char id[16];
    uint32_t up_rings, down_rings;
    hb_rtt_ring up, down; /* up is to the host */
} hb_rtt_block;

static uint8_t to_host[RING_BYTES], from_host[RING_BYTES];

hb_rtt_block hb_rtt = {
    .id = "SEGGER RTT",
    .up_rings = 1,
    .down_rings = 1,
    .up = {"hilbench", to_host, RING_BYTES, 0, 0, 0},
    .down = {"hilbench", from_host, RING_BYTES, 0, 0, 0},
};

uint8_t __wrap_hb_port_get(void);
void __wrap_hb_port_put(uint8_t byte);

uint8_t __wrap_hb_port_get(void)
{
    hb_rtt_ring *ring = &hb_rtt.down;
    while (ring->read == ring->written) {
    }
    __asm volatile("dmb" ::: "memory");
    uint8_t byte = ring->data[ring->read];
    ring->read = (ring->read + 1) % RING_BYTES;
    return byte;
}

void __wrap_hb_port_put(uint8_t byte)
{
    hb_rtt_ring *ring = &hb_rtt.up;
    uint32_t next = (ring->written + 1) % RING_BYTES;
    while (next == ring->read) {
    }
    ring->data[ring->written] = byte;
    __asm volatile("dmb" ::: "memory");
    ring->written = next;
}
