/* A process of the host: the link is a socket whose listening descriptor is the first argument; nothing is counted.
 *
 * For correctness only: the compiler's sanitizers watch arena, stack and arithmetic in place of the guards.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hb_port.h"
#include "hb_runtime.h"

const uint8_t hb_port_counter = HB_COUNTER_NONE;

static int line;
static uint64_t *sums;

/* The host has closed the link, or killed us: nobody is left to tell. */
static void leave(void)
{
    exit(0);
}

uint32_t hb_port_clock_hz(void)
{
    return 1000000000u;
}

uint8_t hb_port_get(void)
{
    uint8_t byte;
    if (read(line, &byte, 1) != 1) {
        leave();
    }
    return byte;
}

void hb_port_put(uint8_t byte)
{
    if (write(line, &byte, 1) != 1) {
        leave();
    }
}

void hb_port_init(void)
{
}

void hb_counter_restart(void)
{
}

void hb_counter_stamp(hb_stamp *stamp)
{
    stamp->ticks = 0;
    stamp->handled = 0;
}

uint64_t hb_counter_took(const hb_stamp *from, const hb_stamp *to)
{
    return to->ticks - from->ticks;
}

void hb_step_begin(uint16_t step)
{
    hb_steps_account(step);
}

void hb_platform_call(void (*function)(void))
{
    function();
}

uint8_t hb_platform_check(void)
{
    return 0;
}

hb_mark hb_platform_stack(void)
{
    hb_mark unknown = {0, 0};
    return unknown;
}

hb_mark hb_platform_harness_stack(void)
{
    return hb_platform_stack();
}

uint64_t *hb_platform_step_sums(void)
{
    return sums;
}

void hb_platform_stop(const hb_fault *fault)
{
    hb_serve_fault(fault);
}

int main(int count, char **arguments)
{
    if (count != 2) {
        return 2;
    }
    line = accept(atoi(arguments[1]), NULL, NULL);
    sums = calloc(hb_model.steps, sizeof *sums);
    if (line < 0 || sums == NULL) {
        return 1;
    }
    hb_serve();
}
