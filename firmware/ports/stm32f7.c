/* STM32F7 (ST RM0385, RM0410): HSI16 through the PLL with over-drive and both caches; or HSI16 as it is after reset.
 *
 *   32F746GDISCOVERY   USART1 on PA9, PB7 (UM1907); never run
 *   NUCLEO-F767ZI      USART3 on PD8, PD9 (UM1974); run on the virtual board
 *
 * Profiles: HB_CLOCK_RESET leaves 16 MHz, no caches and flash without wait states; any other one runs at HB_CLOCK_HZ.
 * The buses run at a quarter (APB1) and a half (APB2) of it.
 */
#include "hb_cache.h"
#include "hb_port.h"
#include "hb_stm32_f4_f7.h"

#define PREFETCH_AND_ART (3u << 8)

#if defined(HB_BOARD_DISCO_F746NG)
#define USART 0x40011000u /* USART1, on APB2 */
#define PRESCALER PPRE2
#else
#define USART 0x40004800u /* USART3, on APB1 */
#define PRESCALER PPRE1
#endif

const uint8_t hb_port_counter = HB_COUNTER_DWT;

uint32_t hb_port_clock_hz(void)
{
    return hb_core_hz();
}

static void connect_pins(void)
{
#if defined(HB_BOARD_DISCO_F746NG)
    hb_stm32_enable(RCC_AHB1ENR, 1u << 0 | 1u << 1);
    hb_stm32_enable(RCC_APB2ENR, 1u << 4);
    hb_stm32_pin(0x40020000u, 9, 7);
    hb_stm32_pin(0x40020400u, 7, 7);
#else
    hb_stm32_enable(RCC_AHB1ENR, 1u << 3);
    hb_stm32_enable(RCC_APB1ENR, 1u << 18);
    hb_stm32_pin(0x40020C00u, 8, 7);
    hb_stm32_pin(0x40020C00u, 9, 7);
#endif
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    hb_run_at(HB_CLOCK_HZ, PREFETCH_AND_ART);
    hb_caches_on();
#endif
    connect_pins();
    hb_stm32_usart_start(USART, (hb_bus_hz(PRESCALER) + HB_BAUD / 2) / HB_BAUD);
}

uint8_t hb_port_get(void)
{
    return hb_stm32_usart_get(USART);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_usart_put(USART, byte);
}
