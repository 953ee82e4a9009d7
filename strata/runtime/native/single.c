/* One user's stored rows to every model's answer, and to the bytes of the reply, in one step.
 *
 * The same values, answers and bytes as reading, scoring and writing one after the other in Python. Only what is
 * ordinary is done here: a user every model knows, rows of the expected layout and whole. Everything else is declined,
 * and done the long way. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include <math.h>
#include <string.h>
#include <time.h>

#include "../../features/native/kernel.h"
#include "score.h"

enum { DECLINED = 1, MOST_TABLES = 64, MOST_USER_BYTES = 256 };
#define NO_TIME INT64_MIN

typedef struct {
    const ReadPlan *windows; /* of a windowed table; null: facts */
    const Facts *facts;
} Table;

/* counts: observations by upper bound, the last one past every bound; behind them their sum. */
typedef struct {
    double *counts;
    const double *bounds;
    int64_t bound_count;
} Histogram;

/* One model, what it reads, and what its part of the reply is made of. */
typedef struct {
    ScoreRow score;
    const void *model;
    const double *defaults; /* [count] in place of NaN; null: none */
    const int64_t *tables;  /* which tables its values come from */
    int64_t table_count;
    int64_t first, count;   /* its values among all */
    const uint8_t *bytes;
    const int64_t *heads;   /* [segments + 1] where each segment's ready part begins in bytes */
    const int64_t *names;   /* [count + 1] where each feature's name, as a field of the reply, begins in bytes */
    const uint8_t *tail;    /* what follows the score */
    int64_t tail_size;
    double *answers;        /* how many it gave */
    Histogram age;          /* how old their features were, in seconds */
} Part;

/* The reply's fields: a byte each, of numbers below 16. */
typedef struct {
    uint8_t user, part, as_of, age, seconds, nanos, unused[2];
} Tags;

typedef struct {
    Verdict verdict;
    int64_t watermark_us; /* NO_TIME: nothing says */
    int64_t missing;      /* values */
} PartFound;

/* As strata/runtime/native_single.py lays them out. */
typedef struct {
    int64_t table_count, column_count, part_count;
    const Table *tables;
    const Part *parts;
    Tags tags;
    const uint8_t *const *rows; /* per table; null: none */
    const int64_t *sizes, *marks; /* per table: the row's bytes; how far it had got at the last look */
    double *values, *filled; /* [columns] each */
    struct Found *found;
    uint8_t *reply; /* with room for the longest one */
    Histogram read, scored, written; /* seconds of the three stages */
} Single;

typedef struct Found {
    int64_t reply_size;
    double read_s, score_s, write_s; /* as counted */
    PartFound parts[];
} Found;

static void observe(const Histogram *histogram, double value) {
    int64_t place = 0; /* of the first bound that is at least the value */
    while (place < histogram->bound_count && histogram->bounds[place] < value) place++;
    histogram->counts[place] += 1.0;
    histogram->counts[histogram->bound_count + 1] += value;
}

static double seconds_since(struct timespec *since) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double passed = (double)(now.tv_sec - since->tv_sec) + (double)(now.tv_nsec - since->tv_nsec) * 1e-9;
    *since = now;
    return passed;
}

/* Fills values and how far each table has got; known says which tables have a row. */
static int read_tables(const Single *single, int64_t at_us, int64_t *reached, uint8_t *known) {
    for (int64_t c = 0; c < single->column_count; c++) single->values[c] = NAN;
    for (int64_t t = 0; t < single->table_count; t++) {
        const Table *table = &single->tables[t];
        const uint8_t *row = single->rows[t];
        size_t size = (size_t)single->sizes[t];
        int64_t times[2];
        reached[t] = single->marks[t], known[t] = row != NULL;
        if (!row) continue;
        int fault = table->windows
            ? strata_read_one(table->windows, row, size, at_us, single->values, times)
            : strata_read_facts(table->facts, row, size, at_us, single->values, times);
        if (fault == READ_NONE && table->facts) known[t] = 0; /* of another definition */
        else if (fault) return DECLINED;
        else if (table->windows && times[0] > reached[t]) reached[t] = times[0];
    }
    return 0;
}

/* The oldest of a part's tables, those that say nothing aside; DECLINED when none of them has a row. */
static int look(const Part *part, const int64_t *reached, const uint8_t *known, int64_t *watermark_us) {
    int any = 0;
    *watermark_us = NO_TIME;
    for (int64_t i = 0; i < part->table_count; i++) {
        int64_t table = part->tables[i];
        any |= known[table];
        if (reached[table] == NO_TIME) continue;
        if (*watermark_us == NO_TIME || reached[table] < *watermark_us) *watermark_us = reached[table];
    }
    return any ? 0 : DECLINED;
}

static void score(const Single *single, const Part *part, PartFound *found) {
    const double *row = single->values + part->first;
    found->missing = 0;
    for (int64_t i = 0; i < part->count; i++) found->missing += row[i] != row[i];
    if (part->defaults && found->missing) {
        double *filled = single->filled;
        for (int64_t i = 0; i < part->count; i++) filled[i] = row[i] != row[i] ? part->defaults[i] : row[i];
        row = filled;
    }
    part->score(part->model, row, &found->verdict);
}

static uint8_t *put(uint8_t *at, const uint8_t *bytes, int64_t size) {
    memcpy(at, bytes, (size_t)size);
    return at + size;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* A Timestamp or Duration of at least 0 as a field: seconds and nanoseconds, each left out when 0. */
static uint8_t *put_time(const Tags *tags, uint8_t *at, uint8_t tag, int64_t us) {
    uint8_t content[24], *end = content;
    int64_t seconds = us / 1000000, nanos = us % 1000000 * 1000;
    if (seconds) *end++ = tags->seconds, end = put_varint(end, (uint64_t)seconds);
    if (nanos) *end++ = tags->nanos, end = put_varint(end, (uint64_t)nanos);
    *at++ = tag;
    at = put_varint(at, (uint64_t)(end - content));
    return put(at, content, end - content);
}

static uint8_t *put_part(const Single *single, const Part *part, const PartFound *found, int64_t at_us, uint8_t *at) {
    const double *row = single->values + part->first;
    const int64_t *head = part->heads + found->verdict.segment, *names = part->names;
    uint8_t age[32];
    int64_t age_size = 0, names_size = 0;
    if (found->watermark_us != NO_TIME) {
        int64_t behind_us = at_us > found->watermark_us ? at_us - found->watermark_us : 0;
        age_size = put_time(&single->tags, age, single->tags.age, behind_us) - age;
    }
    if (found->missing)
        for (int64_t i = 0; i < part->count; i++)
            if (row[i] != row[i]) names_size += names[i + 1] - names[i];
    float narrow = (float)found->verdict.score;
    *at++ = single->tags.part;
    at = put_varint(at, (uint64_t)(head[1] - head[0] + 4 + part->tail_size + names_size + age_size));
    at = put(at, part->bytes + head[0], head[1] - head[0]);
    at = put(at, (const uint8_t *)&narrow, 4);
    at = put(at, part->tail, part->tail_size);
    if (names_size)
        for (int64_t i = 0; i < part->count; i++)
            if (row[i] != row[i]) at = put(at, part->bytes + names[i], names[i + 1] - names[i]);
    return put(at, age, age_size);
}

static void count(const Part *part, const PartFound *found, int64_t at_us) {
    *part->answers += 1.0;
    if (found->watermark_us == NO_TIME) return;
    int64_t behind_us = at_us > found->watermark_us ? at_us - found->watermark_us : 0;
    observe(&part->age, (double)behind_us / 1e6);
}

/* Fills found and reply and counts, or returns DECLINED and counts nothing. Instants before 1970 are declined.
 * found_s: what finding the rows took. */
STRATA_API int strata_single(const Single *single, const uint8_t *user, int64_t user_size, int64_t at_us,
                             double found_s) {
    Found *found = single->found;
    int64_t reached[MOST_TABLES];
    uint8_t known[MOST_TABLES], *at = single->reply;
    struct timespec clock;
    if (single->table_count > MOST_TABLES || user_size > MOST_USER_BYTES || at_us < 0) return DECLINED;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    if (read_tables(single, at_us, reached, known)) return DECLINED;
    for (int64_t p = 0; p < single->part_count; p++)
        if (look(&single->parts[p], reached, known, &found->parts[p].watermark_us)) return DECLINED;
    double read_s = seconds_since(&clock);
    for (int64_t p = 0; p < single->part_count; p++) score(single, &single->parts[p], &found->parts[p]);
    double score_s = seconds_since(&clock);
    *at++ = single->tags.user;
    at = put_varint(at, (uint64_t)user_size);
    at = put(at, user, user_size);
    for (int64_t p = 0; p < single->part_count; p++) at = put_part(single, &single->parts[p], &found->parts[p], at_us, at);
    at = put_time(&single->tags, at, single->tags.as_of, at_us);
    found->reply_size = at - single->reply;
    for (int64_t p = 0; p < single->part_count; p++) count(&single->parts[p], &found->parts[p], at_us);
    found->read_s = found_s + read_s, found->score_s = score_s, found->write_s = seconds_since(&clock);
    observe(&single->read, found->read_s), observe(&single->scored, found->score_s);
    observe(&single->written, found->write_s);
    return 0;
}
