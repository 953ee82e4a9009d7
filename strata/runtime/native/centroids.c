/* The nearest of a few centroids for rows of float64, to the last bit as strata/runtime/kmeans.py finds it.
 *
 * Distances are summed feature by feature, as numpy and plain numbers sum them there; the centroids lie feature by
 * feature too, so that all of them are met side by side. */
#include <math.h>

#include "score.h"

enum { MOST_SEGMENTS = 64 };

/* As strata/runtime/native_centroids.py lays it out. */
typedef struct {
    const double *missing;                  /* [features] what stands in for NaN */
    const double *knots, *levels, *slopes;  /* of all features, one after the other */
    const int64_t *starts;                  /* [features + 1] where each feature's knots begin */
    const double *centroids;                /* [features, segments] in scaled units */
    int64_t features, segments;
} Space;

static inline double scaled(const Space *space, int64_t feature, double value) {
    int64_t first = space->starts[feature], count = space->starts[feature + 1] - first;
    if (value != value) value = space->missing[feature];
    return on_line(space->knots + first, space->levels + first, space->slopes + first, count, value);
}

static Verdict place(const Space *space, const double *row) {
    double squared[MOST_SEGMENTS];
    int64_t segments = space->segments, nearest = 0;
    for (int64_t k = 0; k < segments; k++) squared[k] = 0.0;
    for (int64_t f = 0; f < space->features; f++) {
        const double *centers = space->centroids + f * segments;
        double value = scaled(space, f, row[f]);
        for (int64_t k = 0; k < segments; k++) {
            double difference = value - centers[k];
            squared[k] += difference * difference;
        }
    }
    for (int64_t k = 1; k < segments; k++) nearest = squared[k] < squared[nearest] ? k : nearest;
    double second = INFINITY;
    for (int64_t k = 0; k < segments; k++)
        if (k != nearest && squared[k] < second) second = squared[k];
    double near = sqrt(squared[nearest]), far = sqrt(second);
    return (Verdict){far > 0.0 ? (far - near) / (far + near) : 0.0, nearest};
}

/* rows: [count, features], one after the other. */
__attribute__((visibility("default"))) void strata_nearest(
    const Space *space, const double *rows, int64_t count, Verdict *places
) {
    for (int64_t r = 0; r < count; r++) places[r] = place(space, rows + r * space->features);
}

/* One row, as every model is asked: see score.h. */
__attribute__((visibility("default"))) void strata_nearest_one(
    const void *space, const double *row, Verdict *verdict
) {
    *verdict = place(space, row);
}
