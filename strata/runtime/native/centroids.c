/* The nearest of a few centroids for rows of float64, to the last bit as strata/runtime/kmeans.py finds it.
 *
 * Distances are summed feature by feature, as numpy and plain numbers sum them there; the centroids lie feature by
 * feature too, so that all of them are met side by side. */
#include <math.h>
#include <stdint.h>

enum { MOST_SEGMENTS = 64 };

/* As strata/runtime/native_centroids.py lays it out. */
typedef struct {
    const double *missing;                  /* [features] what stands in for NaN */
    const double *knots, *levels, *slopes;  /* of all features, one after the other */
    const int64_t *starts;                  /* [features + 1] where each feature's knots begin */
    const double *centroids;                /* [features, segments] in scaled units */
    int64_t features, segments;
} Space;

typedef struct {
    double margin;
    int64_t segment;
} Place;

static inline double scaled(const Space *space, int64_t feature, double value) {
    int64_t first = space->starts[feature], count = space->starts[feature + 1] - first;
    const double *knots = space->knots + first, *levels = space->levels + first;
    if (value != value) value = space->missing[feature];
    int64_t right = 0; /* how many knots are at most the value */
    for (int64_t some = count; some > 0;) {
        int64_t half = some / 2;
        int64_t beyond = knots[right + half] <= value;
        right = beyond ? right + half + 1 : right;
        some = beyond ? some - half - 1 : half;
    }
    if (right == 0) return levels[0];
    int64_t left = right - 1;
    if (right == count || knots[left] == value) return levels[left];
    return space->slopes[first + left] * (value - knots[left]) + levels[left];
}

static Place place(const Space *space, const double *row) {
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
    return (Place){far > 0.0 ? (far - near) / (far + near) : 0.0, nearest};
}

/* rows: [count, features], one after the other. */
__attribute__((visibility("default"))) void strata_nearest(
    const Space *space, const double *rows, int64_t count, Place *places
) {
    for (int64_t r = 0; r < count; r++) places[r] = place(space, rows + r * space->features);
}
