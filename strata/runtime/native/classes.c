/* The likeliest class of a forest of several, with its probability: the same bits as strata/runtime/classes.py.
 *
 * LightGBM's softmax: exponentials of the sums less the greatest, as shares of their total, added class by class. */
#include "forest.h"

#include <math.h>
#include <string.h>

#include "score.h"

enum { MOST_CLASSES = 128, ROWS = 64 };

/* As strata/runtime/native_classes.py lays it out. */
typedef struct {
    const Forest *forest;
    const int64_t *segments; /* per class */
} Classes;

static Verdict likeliest(const Classes *model, const double *sums) {
    int64_t classes = model->forest->classes, best = 0;
    double odds[MOST_CLASSES], peak = sums[0], total = 0.0;
    for (int64_t c = 1; c < classes; c++)
        if (sums[c] > peak) peak = sums[c];
    for (int64_t c = 0; c < classes; c++) total += odds[c] = exp(sums[c] - peak);
    /* Shares are compared, not odds: different odds may be the same share, and the first among equals is meant. */
    for (int64_t c = 0; c < classes; c++) {
        odds[c] /= total;
        if (odds[c] > odds[best]) best = c;
    }
    return (Verdict){odds[best], model->segments[best]};
}

/* rows: [count, features], one after the other. */
__attribute__((visibility("default"))) void strata_classes(
    const Classes *model, const double *rows, int64_t count, Verdict *verdicts
) {
    const Forest *forest = model->forest;
    double sums[ROWS * MOST_CLASSES];
    for (int64_t first = 0; first < count; first += ROWS) {
        int64_t some = count - first < ROWS ? count - first : ROWS;
        memset(sums, 0, (size_t)(some * forest->classes) * sizeof sums[0]);
        strata_trees(forest, rows + first * forest->features, some, sums);
        for (int64_t r = 0; r < some; r++) verdicts[first + r] = likeliest(model, sums + r * forest->classes);
    }
}

/* One row, as every model is asked: see score.h. */
__attribute__((visibility("default"))) void strata_classes_one(
    const void *model, const double *row, Verdict *verdict
) {
    strata_classes(model, row, 1, verdict);
}
