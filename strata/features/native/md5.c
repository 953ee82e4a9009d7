#include "md5.h"

#include <string.h>

#define F(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define G(b, c, d) ((c) ^ ((d) & ((b) ^ (c))))
#define H(b, c, d) ((b) ^ (c) ^ (d))
#define I(b, c, d) ((c) ^ ((b) | ~(d)))
#define STEP(f, a, b, c, d, word, k, shift)                                                                            \
    a += f(b, c, d) + word + k;                                                                                        \
    a = (a << shift | a >> (32 - shift)) + b;
#define FOUR(f, i, j, k, l, ki, kj, kk, kl, s1, s2, s3, s4)                                                            \
    STEP(f, a, b, c, d, w[i], ki, s1) STEP(f, d, a, b, c, w[j], kj, s2)                                                \
    STEP(f, c, d, a, b, w[k], kk, s3) STEP(f, b, c, d, a, w[l], kl, s4)

static void block(uint32_t state[4], const uint8_t *bytes) {
    uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3];
    memcpy(w, bytes, 64);
    FOUR(F, 0, 1, 2, 3, 0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu, 7, 12, 17, 22)
    FOUR(F, 4, 5, 6, 7, 0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u, 7, 12, 17, 22)
    FOUR(F, 8, 9, 10, 11, 0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu, 7, 12, 17, 22)
    FOUR(F, 12, 13, 14, 15, 0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u, 7, 12, 17, 22)
    FOUR(G, 1, 6, 11, 0, 0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau, 5, 9, 14, 20)
    FOUR(G, 5, 10, 15, 4, 0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u, 5, 9, 14, 20)
    FOUR(G, 9, 14, 3, 8, 0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu, 5, 9, 14, 20)
    FOUR(G, 13, 2, 7, 12, 0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au, 5, 9, 14, 20)
    FOUR(H, 5, 8, 11, 14, 0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu, 4, 11, 16, 23)
    FOUR(H, 1, 4, 7, 10, 0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u, 4, 11, 16, 23)
    FOUR(H, 13, 0, 3, 6, 0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u, 4, 11, 16, 23)
    FOUR(H, 9, 12, 15, 2, 0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u, 4, 11, 16, 23)
    FOUR(I, 0, 7, 14, 5, 0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u, 6, 10, 15, 21)
    FOUR(I, 12, 3, 10, 1, 0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u, 6, 10, 15, 21)
    FOUR(I, 8, 15, 6, 13, 0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u, 6, 10, 15, 21)
    FOUR(I, 4, 11, 2, 9, 0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u, 6, 10, 15, 21)
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

uint64_t hash64(const uint8_t *text, size_t size) {
    uint32_t state[4] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u};
    uint8_t last[128] = {0};
    size_t whole = size & ~(size_t)63, rest = size - whole, padded = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)size << 3;
    for (size_t at = 0; at < whole; at += 64) block(state, text + at);
    if (rest) memcpy(last, text + whole, rest);
    last[rest] = 0x80;
    memcpy(last + padded - 8, &bits, 8);
    block(state, last);
    if (padded == 128) block(state, last + 64);
    return (uint64_t)state[3] << 32 | state[2];
}
