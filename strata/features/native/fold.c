#include "fold.h"

/* Record numbers by row, each row's in their order: order[begins[r] .. begins[r + 1]). */
static int group(Arena *arena, const int64_t *row_of, int64_t records, int64_t rows, int64_t **begins) {
    TRY(make_room((void **)&arena->order, &arena->order_room, (uint64_t)records + (uint64_t)rows + 2, 8));
    int64_t *starts = *begins = arena->order + records;
    memset(starts, 0, ((size_t)rows + 2) * 8);
    for (int64_t i = 0; i < records; i++) {
        if (row_of[i] < 0 || row_of[i] >= rows) return NO_SUCH_ROW;
        starts[row_of[i] + 2]++;
    }
    for (int64_t r = 2; r <= rows; r++) starts[r] += starts[r - 1];
    for (int64_t i = 0; i < records; i++) arena->order[starts[row_of[i] + 1]++] = i;
    return FINE;
}

int strata_fold(const Plan *plan, Arena *arena, const uint8_t *const *rows, const uint32_t *row_sizes,
                int64_t row_count, const uint8_t *const *records, const uint32_t *record_sizes, int64_t record_count,
                const int64_t *row_of, const int64_t *offsets, uint8_t *verdicts, int64_t *ends, uint8_t *kept) {
    int64_t *begins;
    State *state = &arena->state;
    TRY(arena_room(arena, plan));
    TRY(group(arena, row_of, record_count, row_count, &begins));
    arena->rows.size = 0;
    for (int64_t r = 0; r < row_count; r++) {
        int64_t from = begins[r], to = begins[r + 1];
        int known = 0;
        Event event;
        kept[r] = ROW_SAME;
        if (from < to) {
            if (rows[r]) TRY(row_decode(state, plan, rows[r], row_sizes[r], &known));
            else TRY(state_clear(state, plan));
            if (to - from > MANY) TRY(state_scatter(state, plan));
            for (int64_t n = from; n < to; n++) {
                int64_t i = arena->order[n];
                TRY(read_record(records[i], record_sizes[i], &event));
                TRY(fold_event(arena, plan, &event, offsets[i], &verdicts[i]));
                known |= verdicts[i] == ACCEPTED;
            }
            kept[r] = known ? ROW_NEW : ROW_NONE;
            if (known) TRY(fold_end(arena, plan));
        }
        ends[r] = (int64_t)arena->rows.size;
    }
    return FINE;
}
