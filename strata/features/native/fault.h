/* What can be wrong, and the sentence for each. */
#ifndef STRATA_FAULT_H
#define STRATA_FAULT_H

enum {
    FINE = 0,
    ROW_SHORT = 100, ROW_MAGIC, ROW_SIZE, ROW_ENDS, ROW_WIDTH, ROW_TILES, ROW_ORDER, ROW_TIME, ROW_BITS, ROW_IDS,
    ROW_SEEN, ROW_SECTIONS, ROW_SUM,
    RECORD_SHORT = 200, RECORD_FORMAT, RECORD_SIZE, RECORD_TEXT, RECORD_KIND, RECORD_TIME,
    NO_MEMORY = 300, NO_SUCH_ROW
};

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        int fault_ = (call);                                                                                           \
        if (fault_) return fault_;                                                                                     \
    } while (0)

#endif
