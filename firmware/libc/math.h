/* What the model asks of <math.h>, for compilers that come without a C library; their own runtime has the bodies. */
#ifndef HB_LIBC_MATH_H
#define HB_LIBC_MATH_H

#define INFINITY (__builtin_inff())

float expf(float x);

#endif
