/* STM32F4 (ST RM0390): HSI16 through the PLL with over-drive; or HSI16 as it is after reset.
 *
 *   NUCLEO-F446RE   USART2 on PA2, PA3 (UM1724); never run on the chip, the reset profile in QEMU (netduinoplus2)
 *
 * Profiles: HB_CLOCK_RESET leaves 16 MHz and flash without wait states or accelerator; any other one runs at
 * HB_CLOCK_HZ. The buses run at a quarter (APB1) and a half (APB2) of it.
 */
#include "hb_port.h"
#include "hb_stm32_f4_f7.h"

#define PREFETCH_AND_CACHES (7u << 8)

#define GPIO 0x40020000u /* port A */
#define USART 0x40004400u
/* The USART of the F4 is an older one (RM0390). */
#define USART_SR (USART + 0x00) /* bit 5 received, 7 transmitter empty; reading SR, then DR clears errors */
#define USART_DR (USART + 0x04)
#define USART_BRR (USART + 0x08)
#define USART_CR1 (USART + 0x0C) /* bit 13 on, 3 transmitter, 2 receiver */

const uint8_t hb_port_counter = HB_COUNTER_DWT;

uint32_t hb_port_clock_hz(void)
{
    return hb_core_hz();
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    hb_run_at(HB_CLOCK_HZ, PREFETCH_AND_CACHES);
#endif
    hb_stm32_enable(RCC_AHB1ENR, 1u << 0);
    hb_stm32_enable(RCC_APB1ENR, 1u << 17);
    hb_stm32_pin(GPIO, 2, 7);
    hb_stm32_pin(GPIO, 3, 7);
    HB_REG(USART_BRR) = (hb_bus_hz(PPRE1) + HB_BAUD / 2) / HB_BAUD;
    HB_REG(USART_CR1) = 1u << 13 | 1u << 3 | 1u << 2;
}

uint8_t hb_port_get(void)
{
    hb_stm32_wait(USART_SR, 1u << 5);
    return (uint8_t)HB_REG(USART_DR);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_wait(USART_SR, 1u << 7);
    HB_REG(USART_DR) = byte;
}
