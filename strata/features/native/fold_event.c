#include <stdlib.h>

#include "fold.h"
#include "md5.h"

#define QUOTA_BLOCK_US INT64_C(2592000000000)
enum { QUOTA_EVENTS = 10000 };

int arena_room(Arena *arena, const Plan *plan) {
    TRY(make_room((void **)&arena->truth, &arena->truth_room, (uint64_t)plan->condition_count + 1, 1));
    return make_room((void **)&arena->ok, &arena->ok_room, (uint64_t)plan->where_count + 1, 1);
}

static int within_quota(State *state, const Event *event) {
    int64_t block = floor_div(event->recorded_us, QUOTA_BLOCK_US);
    if (block > state->quota_block) state->quota_block = (int32_t)block, state->quota_count = 0;
    if (state->quota_count >= QUOTA_EVENTS) return 0;
    state->quota_count++;
    return 1;
}

static int judge(State *state, const Plan *plan, const Event *event, int64_t offset, uint8_t *verdict) {
    int own = event->kind != FORWARD, late = own && event->recorded_us - event->at_us > plan->lateness_us;
    uint64_t id = hash64(event->id, event->id_size);
    Seen *entry;
    TRY(seen_find(state, id, &entry));
    if (offset >= 0 && offset <= state->log_position) {
        *verdict = !late && entry && entry->offset == offset ? REPLAYED : REPLAYED_REFUSED;
        return FINE;
    }
    if (offset > state->log_position) state->log_position = offset;
    if (late) *verdict = LATE;
    else if (entry && entry->time_us >= event->recorded_us - plan->lateness_us) *verdict = DUPLICATE;
    else if (!within_limits(event)) *verdict = TOO_LARGE;
    else if (own && !within_quota(state, event)) *verdict = OVER_QUOTA;
    else {
        *verdict = ACCEPTED;
        if (event->recorded_us > state->watermark_us) state->watermark_us = event->recorded_us;
        return seen_put(state, entry, (Seen){id, event->at_us, offset});
    }
    return FINE;
}

/* A sum of 0 is not kept, so that equal states are equal bytes. */
static int add(Column *column, uint32_t place, uint32_t tiles, int64_t number) {
    uint32_t rank;
    if (!number) return FINE;
    TRY(column_expand(column));
    if (!column_at(column, place, tiles, &rank)) return column_insert(column, place, rank, number);
    if (__builtin_add_overflow(column->numbers[rank], number, &column->numbers[rank])) return ROW_SUM;
    if (!column->numbers[rank]) column_remove(column, place, rank);
    return FINE;
}

static int pick(Column *column, uint32_t place, uint32_t tiles, int64_t number, int least) {
    uint32_t rank;
    TRY(column_expand(column));
    if (!column_at(column, place, tiles, &rank)) return column_insert(column, place, rank, number);
    int64_t *held = &column->numbers[rank];
    if (least ? number < *held : number > *held) *held = number;
    return FINE;
}

static void renew(Newest *newest, int64_t at_us, int64_t value) {
    if (at_us > newest->time_us || (at_us == newest->time_us && value > newest->value))
        newest->time_us = at_us, newest->value = value;
}

/* What an event adds to one partial; its tile is found once, and only for a partial that has one. */
static int add_to(State *state, const Plan *plan, const Partial *partial, Event *event, int64_t tile, uint32_t *place) {
    uint32_t id = 0;
    int64_t number = 0;
    if (partial->kind == IDS ? !id_of(event, partial->of, &id) : !number_of(event, partial->of, &number)) return FINE;
    if (partial->kind == LATEST || partial->kind == MOMENT) {
        renew(&state->newest[partial->place], event->at_us, partial->kind == LATEST ? number : NEVER);
        return FINE;
    }
    if (*place == UINT32_MAX) TRY(tile_place(state, plan, tile, place));
    Column *column = &state->columns[partial->place];
    switch (partial->kind) {
    case COUNT: return add(column, *place, state->tile_count, 1);
    case TOTAL: return add(column, *place, state->tile_count, number);
    case IDS: return ids_add(state, &state->ids[partial->place], id, tile, *place);
    default: return pick(column, *place, state->tile_count, number, partial->kind == LEAST);
    }
}

int fold_event(Arena *arena, const Plan *plan, Event *event, int64_t offset, uint8_t *verdict) {
    State *state = &arena->state;
    TRY(judge(state, plan, event, offset, verdict));
    if (*verdict != ACCEPTED) return FINE;
    uint32_t place = UINT32_MAX;
    int64_t tile = floor_div(event->at_us, plan->hop_us);
    if (event->at_us > state->newest_us) state->newest_us = event->at_us;
    satisfies(plan, event, arena->truth, arena->ok);
    for (uint32_t i = 0; i < plan->partial_count; i++)
        if (arena->ok[plan->partials[i].where])
            TRY(add_to(state, plan, &plan->partials[i], event, tile, &place));
    return FINE;
}

int fold_end(Arena *arena, const Plan *plan) {
    State *state = &arena->state;
    if (state->many) TRY(state_gather(state, plan));
    TRY(state_trim(state, plan));
    TRY(state_squeeze(state, plan));
    return row_encode(state, plan, &arena->rows);
}

Arena *strata_arena_new(void) { return calloc(1, sizeof(Arena)); }

void strata_arena_free(Arena *arena) {
    if (!arena) return;
    state_free(&arena->state), rows_free(&arena->rows);
    free(arena->truth), free(arena->ok), free(arena->order);
    free(arena);
}

const uint8_t *strata_arena_rows(const Arena *arena) { return arena->rows.bytes; }
