/* What the model asks of <string.h>, for compilers that come without a C library; their own runtime has the bodies. */
#ifndef HB_LIBC_STRING_H
#define HB_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

#endif
