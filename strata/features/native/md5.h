/* The fixed 64-bit hash of an id: the last 8 bytes of its MD5 (RFC 1321), little endian. No secret depends on it. */
#ifndef STRATA_MD5_H
#define STRATA_MD5_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash64(const uint8_t *text, size_t size);

#endif
