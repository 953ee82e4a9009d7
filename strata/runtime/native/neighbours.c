/* The nearest of many kept points for rows of float64, to the last bit as strata/runtime/neighbours.py finds it.
 *
 * Points lie in boxes, each of one segment. A box is passed over where it is farther than what was found so far, which
 * changes no answer: its distance is worked out in the very steps of a point's, from the side it turns to the row and
 * the largest scale in it, and each step rounds a smaller number to one that is no larger. So not even a rounded
 * distance of a point is below that of its box. Of 73 boxes (1,143 points, 12 columns) a row looks into three (2026-11). */
#include <math.h>

#include "score.h"

/* strata/runtime/native_neighbours.py keeps to both. */
enum { LANES = 16, MOST_BOXES = 4096 };
#define LIMIT 1e50 /* of strata/runtime/present.py */

/* As strata/runtime/native_neighbours.py lays it out. */
typedef struct {
    const double *low, *high;      /* [columns, boxes] */
    const double *largest;         /* [boxes] scale */
    const double *points;          /* [boxes, columns, LANES] */
    const double *scales;          /* [boxes, LANES] */
    const int64_t *numbers;        /* [boxes, LANES] the points' places among all */
    const int64_t *segments;       /* [boxes] */
    int64_t columns, boxes, noise;
    double reach;
} Neighbours;

typedef struct {
    double distance;
    int64_t number, segment;
} Nearest;

static inline double bounded(double value) {
    if (value != value) return 0.0;
    return value < -LIMIT ? -LIMIT : value > LIMIT ? LIMIT : value;
}

static void box_distances(const Neighbours *all, const double *row, double *distances) {
    int64_t boxes = all->boxes;
    for (int64_t b = 0; b < boxes; b++) distances[b] = 0.0;
    for (int64_t c = 0; c < all->columns; c++) {
        const double *low = all->low + c * boxes, *high = all->high + c * boxes;
        double value = bounded(row[c]);
        for (int64_t b = 0; b < boxes; b++) {
            double below = low[b] - value, above = value - high[b];
            double outside = below > above ? below : above;
            outside = outside > 0.0 ? outside : 0.0;
            distances[b] += outside * outside;
        }
    }
    for (int64_t b = 0; b < boxes; b++) distances[b] = sqrt(distances[b]) / all->largest[b];
}

static void point_distances(const Neighbours *all, const double *row, int64_t box, double *distances) {
    const double *points = all->points + box * all->columns * LANES, *scales = all->scales + box * LANES;
    for (int i = 0; i < LANES; i++) distances[i] = 0.0;
    for (int64_t c = 0; c < all->columns; c++, points += LANES) {
        double value = bounded(row[c]);
        for (int i = 0; i < LANES; i++) {
            double difference = value - points[i];
            distances[i] += difference * difference;
        }
    }
    for (int i = 0; i < LANES; i++) distances[i] = sqrt(distances[i]) / scales[i];
}

/* Of equally near points the first of all. */
static void look_into(const Neighbours *all, const double *row, int64_t box, Nearest *nearest) {
    const int64_t *numbers = all->numbers + box * LANES;
    double distances[LANES];
    point_distances(all, row, box, distances);
    for (int i = 0; i < LANES; i++)
        if (distances[i] < nearest->distance || (distances[i] == nearest->distance && numbers[i] < nearest->number))
            *nearest = (Nearest){distances[i], numbers[i], all->segments[box]};
}

static Nearest nearest_point(const Neighbours *all, const double *row, const double *boxes) {
    Nearest nearest = {INFINITY, INT64_MAX, 0};
    int64_t first = 0;
    for (int64_t b = 1; b < all->boxes; b++) first = boxes[b] < boxes[first] ? b : first;
    look_into(all, row, first, &nearest);
    for (int64_t b = 0; b < all->boxes; b++)
        if (boxes[b] <= nearest.distance && b != first) look_into(all, row, b, &nearest);
    return nearest;
}

/* How near a point of another segment is, the reach at most. */
static double border_of(const Neighbours *all, const double *row, const double *boxes, int64_t segment) {
    double border = all->reach, distances[LANES];
    for (int64_t b = 0; b < all->boxes; b++) {
        if (boxes[b] >= border || all->segments[b] == segment) continue;
        point_distances(all, row, b, distances);
        for (int i = 0; i < LANES; i++) border = distances[i] < border ? distances[i] : border;
    }
    return border;
}

static Verdict place(const Neighbours *all, const double *row) {
    double boxes[MOST_BOXES], reach = all->reach;
    box_distances(all, row, boxes);
    Nearest nearest = nearest_point(all, row, boxes);
    double near = nearest.distance;
    if (near > reach) return (Verdict){(near - reach) / (near + reach), all->noise};
    double border = border_of(all, row, boxes, nearest.segment);
    return (Verdict){border > 0.0 ? (border - near) / (border + near) : 0.0, nearest.segment};
}

/* rows: [count, columns], one after the other. */
__attribute__((visibility("default"))) void strata_neighbours(
    const Neighbours *all, const double *rows, int64_t count, Verdict *places
) {
    for (int64_t r = 0; r < count; r++) places[r] = place(all, rows + r * all->columns);
}

/* One row, as every model is asked: see score.h. */
__attribute__((visibility("default"))) void strata_neighbours_one(
    const void *all, const double *row, Verdict *verdict
) {
    *verdict = place(all, row);
}
