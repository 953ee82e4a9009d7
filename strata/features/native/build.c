/* Rows in bulk, straight from columns: a user's events in (recorded, event id) order, as
 * strata/features/build.py does. */
#include <stdlib.h>

#include "fold.h"
#include "md5.h"

struct Build {
    const Plan *plan;
    Batch batch;
    int64_t *begins, *order; /* events by user, each user's in the batch's order */
    Word *words[TEXTS];
};

static int group(Build *build) {
    const TextColumn *users = &build->batch.users;
    int64_t count = build->batch.count;
    build->begins = calloc((size_t)users->words + 2, 8);
    build->order = malloc(((size_t)count + 1) * 8);
    if (!build->begins || !build->order) return NO_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        if (users->codes[i] < 0 || users->codes[i] >= users->words) return NO_SUCH_ROW;
        build->begins[users->codes[i] + 2]++;
    }
    for (int64_t u = 2; u <= users->words; u++) build->begins[u] += build->begins[u - 1];
    for (int64_t i = 0; i < count; i++) build->order[build->begins[users->codes[i] + 1]++] = i;
    return FINE;
}

static int read_words(Build *build, int k) {
    const TextColumn *column = &build->batch.text[k];
    Word *words = build->words[k] = malloc(((size_t)column->words + 1) * sizeof *words);
    if (!words) return NO_MEMORY;
    int hashed = 0;
    for (uint32_t i = 0; i < build->plan->partial_count; i++) {
        const Partial *partial = &build->plan->partials[i];
        hashed |= partial->kind == IDS && partial->of == EVENT_TYPE + k;
    }
    for (int64_t i = 0; i < column->words; i++) {
        const uint8_t *text = column->data + column->begin[i];
        uint32_t size = (uint32_t)(column->begin[i + 1] - column->begin[i]);
        words[i].hash = hashed ? (uint32_t)hash64(text, size) : 0;
        words[i].holds = build->plan->filters[k] ? holds(build->plan, EVENT_TYPE + k, text, size) : 0;
    }
    return FINE;
}

Build *strata_build_new(const Plan *plan, const Batch *batch) {
    Build *build = calloc(1, sizeof *build);
    if (!build) return NULL;
    build->plan = plan, build->batch = *batch;
    int fault = group(build);
    for (int k = 0; k < TEXTS && !fault; k++) fault = read_words(build, k);
    if (!fault) return build;
    strata_build_free(build);
    return NULL;
}

void strata_build_free(Build *build) {
    if (!build) return;
    for (int k = 0; k < TEXTS; k++) free(build->words[k]);
    free(build->begins), free(build->order), free(build);
}

/* The word of an event; false for null. */
static int word_of(const TextColumn *column, int64_t i, const uint8_t **text, uint32_t *size) {
    int32_t code = column->codes[i];
    if (code < 0 || code >= column->words) return 0;
    *text = column->data + column->begin[code];
    *size = (uint32_t)(column->begin[code + 1] - column->begin[code]);
    return 1;
}

static int before(const Batch *batch, int64_t a, int64_t b) {
    if (batch->recorded_us[a] != batch->recorded_us[b]) return batch->recorded_us[a] < batch->recorded_us[b];
    const uint8_t *x = NULL, *y = NULL;
    uint32_t m = 0, n = 0;
    word_of(&batch->event_id, a, &x, &m), word_of(&batch->event_id, b, &y, &n);
    int order = m && n ? memcmp(x, y, m < n ? m : n) : 0;
    return order ? order < 0 : m < n;
}

/* Merges halves, unless they are in order already, as a history's mostly are. */
static void sort_events(const Batch *batch, int64_t *events, int64_t *spare, int64_t count) {
    if (count < 2) return;
    int64_t half = count / 2, left = 0, right = half, n = 0;
    sort_events(batch, events, spare, half);
    sort_events(batch, events + half, spare, count - half);
    if (!before(batch, events[half], events[half - 1])) return;
    memcpy(spare, events, (size_t)half * 8);
    while (left < half && right < count)
        events[n++] = before(batch, events[right], spare[left]) ? events[right++] : spare[left++];
    memcpy(events + n, spare + left, (size_t)(half - left) * 8);
}

static void read_event(const Build *build, int64_t i, Event *event) {
    const Batch *batch = &build->batch;
    event->at_us = batch->event_time_us[i], event->recorded_us = batch->recorded_us[i];
    event->utc_offset_s = batch->utc_offset_s[i];
    event->kind = event->derived = 0;
    event->id = NULL, event->id_size = 0;
    word_of(&batch->event_id, i, &event->id, &event->id_size);
    for (int k = 0; k < TEXTS; k++) {
        Text *text = &event->text[k];
        text->at = NULL, text->word = NULL, text->hashed = 0;
        if (word_of(&batch->text[k], i, &text->at, &text->size)) text->word = &build->words[k][batch->text[k].codes[i]];
    }
    for (int k = 0; k < 3; k++)
        event->number[k] = batch->number[k].values[i], event->has[k] = batch->number[k].valid[i];
}

/* The memory of an event that is soon to be read: its columns, or, once they are there, the words they name. */
static void fetch_columns(const Batch *batch, int64_t i) {
    __builtin_prefetch(&batch->event_time_us[i]), __builtin_prefetch(&batch->recorded_us[i]);
    __builtin_prefetch(&batch->utc_offset_s[i]), __builtin_prefetch(&batch->event_id.codes[i]);
    for (int k = 0; k < TEXTS; k++) __builtin_prefetch(&batch->text[k].codes[i]);
    for (int k = 0; k < 3; k++)
        __builtin_prefetch(&batch->number[k].values[i]), __builtin_prefetch(&batch->number[k].valid[i]);
}

static void fetch_words(const Build *build, int64_t i) {
    const TextColumn *id = &build->batch.event_id;
    if (id->codes[i] >= 0 && id->codes[i] < id->words) __builtin_prefetch(&id->begin[id->codes[i]]);
    for (int k = 0; k < TEXTS; k++) {
        int32_t code = build->batch.text[k].codes[i];
        if (code >= 0 && code < build->batch.text[k].words) __builtin_prefetch(&build->words[k][code]);
    }
}

static int build_user(Build *build, Arena *arena, int32_t user, int *known) {
    int64_t from = build->begins[user], count = build->begins[user + 1] - from, *events = build->order + from;
    uint8_t verdict;
    Event event;
    TRY(make_room((void **)&arena->order, &arena->order_room, (uint64_t)count + 1, 8));
    sort_events(&build->batch, events, arena->order, count);
    TRY(state_clear(&arena->state, build->plan));
    if (count > MANY) TRY(state_scatter(&arena->state, build->plan));
    for (int64_t n = 0; n < count; n++) {
        if (n + 12 < count) fetch_columns(&build->batch, events[n + 12]);
        if (n + 6 < count) fetch_words(build, events[n + 6]);
        read_event(build, events[n], &event);
        TRY(fold_event(arena, build->plan, &event, -1, &verdict));
        *known |= verdict == ACCEPTED;
    }
    return *known ? fold_end(arena, build->plan) : FINE;
}

int strata_build(Build *build, Arena *arena, const int32_t *users, int64_t user_count, int64_t *ends, uint8_t *kept) {
    TRY(arena_room(arena, build->plan));
    arena->rows.size = 0;
    for (int64_t n = 0; n < user_count; n++) {
        int known = 0;
        if (users[n] < 0 || users[n] >= build->batch.users.words) return NO_SUCH_ROW;
        TRY(build_user(build, arena, users[n], &known));
        kept[n] = known ? ROW_NEW : ROW_NONE;
        ends[n] = (int64_t)arena->rows.size;
    }
    return FINE;
}
