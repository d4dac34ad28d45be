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
#include "hb_stm32.h"

#define RCC 0x40023800u
#define RCC_CR (RCC + 0x00)
#define RCC_PLLCFGR (RCC + 0x04)
#define RCC_CFGR (RCC + 0x08)
#define RCC_AHB1ENR (RCC + 0x30)
#define RCC_APB1ENR (RCC + 0x40)
#define RCC_APB2ENR (RCC + 0x44)
#define PWREN (1u << 28)
#define PWR_CR1 0x40007000u  /* ODEN 16, ODSWEN 17 */
#define PWR_CSR1 0x40007004u /* ODRDY 16, ODSWRDY 17 */
#define FLASH_ACR 0x40023C00u

#define HSI_HZ 16000000u
#define SW_PLL 2u
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define HZ_PER_WAIT_STATE 30000000u /* 2.7 to 3.6 V, RM0385, read access latency */
#define PREFETCH_AND_ART (3u << 8)

#if defined(HB_BOARD_DISCO_F746NG)
#define USART 0x40011000u /* USART1, on APB2 */
#define BUS_SHIFT 13
#else
#define USART 0x40004800u /* USART3, on APB1 */
#define BUS_SHIFT 10
#endif

const uint8_t hb_port_counter = HB_COUNTER_DWT;

#if !defined(HB_CLOCK_RESET)

static void over_drive(void)
{
    hb_stm32_enable(RCC_APB1ENR, PWREN);
    hb_stm32_enable(PWR_CR1, 1u << 16);
    hb_stm32_wait(PWR_CSR1, 1u << 16);
    hb_stm32_enable(PWR_CR1, 1u << 17);
    hb_stm32_wait(PWR_CSR1, 1u << 17);
}

/* HSI16 / 8 = 2 MHz, times N = MHz, by 2. */
static void run_at_full_clock(void)
{
    const uint32_t wait_states = (HB_CLOCK_HZ - 1) / HZ_PER_WAIT_STATE;
    HB_REG(RCC_PLLCFGR) = 8u | (HB_CLOCK_HZ / 1000000u) << 6 | 9u << 24 | 2u << 28;
    hb_stm32_enable(RCC_CR, PLL_ON);
    over_drive();
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = wait_states | PREFETCH_AND_ART;
    hb_stm32_wait(FLASH_ACR, wait_states);
    HB_REG(RCC_CFGR) = 5u << 10 | 4u << 13;
    HB_REG(RCC_CFGR) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR, SW_PLL << 2);
    hb_caches_on();
}

#endif

uint32_t hb_port_clock_hz(void)
{
    uint32_t setting = HB_REG(RCC_PLLCFGR);
    if ((HB_REG(RCC_CFGR) >> 2 & 3u) != SW_PLL) {
        return HSI_HZ;
    }
    return HSI_HZ / (setting & 0x3Fu) * (setting >> 6 & 0x1FFu) / (2 * ((setting >> 16 & 3u) + 1));
}

/* Clock of the USART's bus: undivided for PPRE below 4, then by 2, 4, 8, 16. */
static uint32_t bus_hz(void)
{
    uint32_t divider = HB_REG(RCC_CFGR) >> BUS_SHIFT & 7u;
    return divider < 4 ? hb_port_clock_hz() : hb_port_clock_hz() >> (divider - 3);
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
    run_at_full_clock();
#endif
    connect_pins();
    hb_stm32_usart_start(USART, (bus_hz() + HB_BAUD / 2) / HB_BAUD);
}

uint8_t hb_port_get(void)
{
    return hb_stm32_usart_get(USART);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_usart_put(USART, byte);
}
