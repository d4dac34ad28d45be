/* Arm MPS2 and MPS3 FPGA images, as QEMU emulates them: CMSDK UART 0, SysTick at the system clock.
 *
 * Addresses: Arm DAI 0385, 0386, 0400 (an500), 0505, 0547. an505 and an547 run in the secure state: secure aliases.
 */
#include "hb_port.h"

#if defined(HB_MACHINE_MPS2_AN505)
#define UART_BASE 0x50200000u
#elif defined(HB_MACHINE_MPS3_AN547)
#define UART_BASE 0x59303000u
#else
#define UART_BASE 0x40004000u
#endif

#define UART_REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define UART_DATA UART_REGISTER(0x00)
#define UART_STATE UART_REGISTER(0x04) /* bit 0 transmitter full, bit 1 receiver full, 2 and 3 overruns */
#define UART_CTRL UART_REGISTER(0x08)  /* bit 0 transmitter on, bit 1 receiver on */
#define UART_BAUDDIV UART_REGISTER(0x10)
#define BAUDDIV_MIN 16u

const uint8_t hb_port_counter = HB_COUNTER_SYSTICK;

void hb_port_init(void)
{
    UART_BAUDDIV = BAUDDIV_MIN;
    UART_CTRL = 3;
}

uint32_t hb_port_clock_hz(void)
{
    return HB_CLOCK_HZ;
}

uint8_t hb_port_get(void)
{
    while (!(UART_STATE & 2)) {
    }
    return (uint8_t)UART_DATA;
}

void hb_port_put(uint8_t byte)
{
    while (UART_STATE & 1) {
    }
    UART_DATA = byte;
}
