/* The bytes of a row, to a state and back; strata/features/user_row.py says where everything is. */
#ifndef STRATA_ROW_H
#define STRATA_ROW_H

#include "state.h"

enum { HEADER = 64, DENSE = 16, MAX_TILES = 1 << 24 };

typedef struct {
    int moved;
    uint64_t fingerprint;
    int64_t newest_us, watermark_us, log_position, first_tile;
    int32_t quota_block;
    uint32_t quota_count, tiles, seen;
} Header;

int read_header(const uint8_t *row, size_t size, Header *header);
/* count numbers after their width. */
int take_ints(Cursor *cursor, uint64_t count, unsigned *width, const uint8_t **numbers);
/* A column's bits (null when every tile has a number, or none has), how many it has, and the numbers. */
int take_column(Cursor *cursor, uint32_t tiles, const uint8_t **bits, uint32_t *count, unsigned *width,
                const uint8_t **numbers);

/* The state of a row or tombstone, which must outlive it; own is false, and the state empty, for another layout's. */
int row_decode(State *state, const Plan *plan, const uint8_t *row, size_t size, int *own);

typedef struct {
    uint8_t *bytes;
    size_t size, room;
    int64_t *scratch;
    uint32_t scratch_room;
} Rows;

/* Appends the row of a trimmed and squeezed state. */
int row_encode(const State *state, const Plan *plan, Rows *rows);
void rows_free(Rows *rows);

#endif
