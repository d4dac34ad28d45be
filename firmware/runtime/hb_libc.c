/* What the C library's mathematics ask for, so that none of its startup, heap and streams come along. */

int *__errno(void);

int *__errno(void)
{
    static int number;
    return &number;
}
