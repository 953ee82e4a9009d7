#include "sort.h"

#include <string.h>

static void insert(uint64_t *keys, size_t count) {
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* By radix, from the least byte on; bytes that are the same in all keys are passed over. */
void sort_keys(uint64_t *keys, uint64_t *spare, size_t count) {
    if (count < 48) {
        insert(keys, count);
        return;
    }
    uint64_t differ = 0, *from = keys, *to = spare;
    for (size_t i = 1; i < count; i++) differ |= keys[i] ^ keys[0];
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (!(differ >> shift & 0xff)) continue;
        size_t begins[256] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++) begins[from[i] >> shift & 0xff]++;
        for (unsigned b = 0; b < 256; b++) {
            size_t size = begins[b];
            begins[b] = sum, sum += size;
        }
        for (size_t i = 0; i < count; i++) to[begins[from[i] >> shift & 0xff]++] = from[i];
        uint64_t *swap = from;
        from = to, to = swap;
    }
    if (from != keys) memcpy(keys, from, count * sizeof *keys);
}
