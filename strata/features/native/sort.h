/* Sorting keys of 64 bits, ascending. */
#ifndef STRATA_SORT_H
#define STRATA_SORT_H

#include <stddef.h>
#include <stdint.h>

/* spare has room for as many. */
void sort_keys(uint64_t *keys, uint64_t *spare, size_t count);

#endif
