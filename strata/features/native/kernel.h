/* The kernel's functions, as strata/features/native_library.py calls them.
 *
 * A plan is immutable and shared; an arena is one call's scratch, reused, never two calls' at once. Every function
 * that can fail returns a fault (see fault.h), 0 for none; nothing it was given is changed then. */
#ifndef STRATA_KERNEL_H
#define STRATA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "rows are little endian; on this machine the pure twin does the work"
#endif

#define STRATA_API __attribute__((visibility("default")))

typedef struct Plan Plan;
typedef struct Arena Arena;
typedef struct ReadPlan ReadPlan;
typedef struct Build Build;

/* One text column of a batch: codes into words, -1 for null; word i is data[begin[i] .. begin[i + 1]). */
typedef struct {
    const int32_t *codes;
    const uint8_t *data;
    const int64_t *begin;
    int64_t words;
} TextColumn;

typedef struct {
    const int64_t *values;
    const uint8_t *valid;
} NumberColumn;

/* A batch of events in columns, in any order. */
typedef struct {
    int64_t count;
    TextColumn users, event_id, text[4]; /* text: event_type, item_id, category, session_id */
    const int64_t *event_time_us, *recorded_us, *utc_offset_s;
    NumberColumn number[3]; /* value, quantity, discount */
} Batch;

STRATA_API const char *strata_fault(int fault);

STRATA_API Plan *strata_plan_new(const uint8_t *blob, size_t size);
STRATA_API void strata_plan_free(Plan *plan);

STRATA_API Arena *strata_arena_new(void);
STRATA_API void strata_arena_free(Arena *arena);
/* The rows the last call on this arena made; good until the next one. */
STRATA_API const uint8_t *strata_arena_rows(const Arena *arena);

/* Folds records into rows. ends[i] is where row i ends in the arena's rows, beginning where the one before ended;
 * kept[i] is ROW_SAME, ROW_NONE or ROW_NEW. */
enum { ROW_SAME = 0, ROW_NONE = 1, ROW_NEW = 2 };
STRATA_API int strata_fold(const Plan *plan, Arena *arena, const uint8_t *const *rows, const uint32_t *row_sizes,
                           int64_t row_count, const uint8_t *const *records, const uint32_t *record_sizes,
                           int64_t record_count, const int64_t *row_of, const int64_t *offsets, uint8_t *verdicts,
                           int64_t *ends, uint8_t *kept);

/* Rows in bulk: group once, then make the rows of some users, named by code, at a time. */
STRATA_API Build *strata_build_new(const Plan *plan, const Batch *batch);
STRATA_API void strata_build_free(Build *build);
STRATA_API int strata_build(Build *build, Arena *arena, const int32_t *users, int64_t user_count, int64_t *ends,
                            uint8_t *kept);

STRATA_API ReadPlan *strata_read_plan_new(const Plan *plan, const uint8_t *blob, size_t size);
STRATA_API void strata_read_plan_free(ReadPlan *plan);
/* times: watermark, newest; returns READ_NONE, and touches nothing, for a row of another layout or a tombstone. */
enum { READ_NONE = -1 };
STRATA_API int strata_read_one(const ReadPlan *plan, const uint8_t *row, size_t size, int64_t t_us, double *values,
                               int64_t *times);
/* stride is in doubles; row 0 of values belongs to row 0. A null row, or READ_NONE, leaves its values and times. */
STRATA_API int strata_read_many(const ReadPlan *plan, const uint8_t *const *rows, const uint32_t *sizes, int64_t count,
                                int64_t t_us, double *values, int64_t stride, int64_t *watermark_us,
                                int64_t *newest_us);

/* Fields wanted of a row view, and where their values go. */
typedef struct {
    int32_t place, column, is_float, unused;
} FactField;

/* As strata/features/native_facts.py lays it out. */
typedef struct {
    uint64_t fingerprint;
    int64_t ttl_us; /* negative: none */
    int64_t width;  /* fields of a row */
    int64_t count;
    const FactField *fields;
} Facts;

/* Returns READ_NONE, and touches nothing, for a row of another definition. */
STRATA_API int strata_read_facts(const Facts *facts, const uint8_t *row, size_t size, int64_t t_us, double *values,
                                 int64_t *event_us);

#endif
