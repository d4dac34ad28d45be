/* What a port gives the runtime: one C file in firmware/ports per family of chips, or per machine of an emulator.
 *
 * The build defines for it
 *   HB_CLOCK_HZ      clock of the core in Hz that the board file asks for
 *   HB_CLOCK_<NAME>  1, the name of the board's clock profile in capitals: HB_CLOCK_FULL
 *   HB_BOARD_<NAME>  1, the name of the board in capitals, other characters as _: HB_BOARD_DISCO_L475IOT
 *   HB_MACHINE_<NAME> 1, on an emulator only: HB_MACHINE_MPS2_AN386
 *   HB_BAUD          of the serial line
 */
#ifndef HB_PORT_H
#define HB_PORT_H

#include <stdint.h>

enum hb_counter {
    HB_COUNTER_NONE,
    HB_COUNTER_SYSTICK,
    HB_COUNTER_DWT,    /* taken when it exists and runs, else SysTick */
    HB_COUNTER_ICOUNT, /* what SysTick is in an emulator that counts instructions; not for ports to ask for */
};

/* The counter that is to be used on this chip. */
extern const uint8_t hb_port_counter;

/* Set clock and UART up. Called once, after .data and .bss. */
void hb_port_init(void);

/* The clock of the core in Hz as it is now (read back or measured where the chip allows it). */
uint32_t hb_port_clock_hz(void);

/* Wait for a byte from the host; errors of the line (overrun, framing) are cleared and passed over. */
uint8_t hb_port_get(void);

/* Send a byte. */
void hb_port_put(uint8_t byte);

#endif
