/* Numbers against strtod: whatever decimal.h takes without currency and thousands, strtod takes as a whole and to the same
 * double. The texts stand in blocks of exactly the readable size. (The program never calls setlocale.) */
#include "base/decimal.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = calloc(size + 1, 1), *padded = malloc(size + 16), *end;
    double value = 77, value_padded = 77, want, operands[3];
    enum bb_number result, result_padded;
    if (!exact || !padded) abort();
    if (size) {
        memcpy(exact + 1, data, size);
        memcpy(padded, data, size);
    }
    memset(padded + size, size % 2 ? '1' : '.', 16);
    result = bb_decimal_parse(exact + 1, size, &value);
    result_padded = bb_decimal_parse_padded(padded, size, &value_padded);
    if (result != result_padded || memcmp(&value, &value_padded, 8) != 0) abort();
    if (result == BB_NUMBER_OK) {
        if (!isfinite(value) || (value == 0 && signbit(value))) abort();
        if (!memchr(data, ',', size) && !memchr(data, '$', size)) {
            memcpy(exact, data, size);
            exact[size] = '\0';
            want = strtod(exact, &end);
            while (*end == ' ' || *end == '\t') end++;
            if (end != exact + size || want != value) abort();
        }
    } else if (value != 77) {
        abort();
    }
    if (size >= sizeof operands) {
        memcpy(operands, data, sizeof operands);
        (void)bb_decimal_residual(operands[0], operands[1], operands[2]);
    }
    free(exact);
    free(padded);
    return 0;
}
