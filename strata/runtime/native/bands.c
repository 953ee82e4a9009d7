/* A forest's sum of one row, calibrated and cut into bands: the same bits as strata/runtime/boosted.py. */
#include <math.h>
#include <stddef.h>

#include "forest.h"
#include "score.h"

/* As strata/runtime/native_bands.py lays it out. */
typedef struct {
    const Forest *forest;
    double slope, offset;                   /* of the logistic curve, where there are no knots */
    const double *knots, *levels, *slopes;  /* of the line through points, where there are */
    int64_t knot_count;
    const double *thresholds;
    const int64_t *segments; /* [thresholds + 1] */
    int64_t threshold_count;
} Bands;

static double calibrated(const Bands *bands, double raw) {
    if (bands->knot_count) return on_line(bands->knots, bands->levels, bands->slopes, bands->knot_count, raw);
    double logit = bands->slope * raw + bands->offset;
    if (logit < -60.0) logit = -60.0;
    if (logit > 60.0) logit = 60.0;
    return 1.0 / (1.0 + exp(-logit));
}

__attribute__((visibility("default"))) void strata_bands(const void *model, const double *row, Verdict *verdict) {
    const Bands *bands = model;
    double sum = 0.0;
    strata_trees(bands->forest, row, 1, &sum);
    verdict->score = calibrated(bands, sum);
    verdict->segment = bands->segments[count_reached(bands->thresholds, bands->threshold_count, verdict->score)];
}
