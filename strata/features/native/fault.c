#include "fault.h"
#include "kernel.h"

const char *strata_fault(int fault) {
    switch (fault) {
    case ROW_SHORT: return "it is shorter than a header";
    case ROW_MAGIC: return "it does not start as a row does";
    case ROW_SIZE: return "it has not the size it should have";
    case ROW_ENDS: return "it ends inside a section";
    case ROW_WIDTH: return "a width means nothing";
    case ROW_TILES: return "it has too many tiles";
    case ROW_ORDER: return "its tiles are not ascending";
    case ROW_TIME: return "a time is thousands of years away";
    case ROW_BITS: return "a column has a tile too many";
    case ROW_IDS: return "an id set does not add up";
    case ROW_SEEN: return "its seen ids are not ascending";
    case ROW_SECTIONS: return "its sections do not add up";
    case ROW_SUM: return "a sum left 64 bits";
    case RECORD_SHORT: return "it is shorter than a header";
    case RECORD_FORMAT: return "its format is another";
    case RECORD_SIZE: return "its parts do not add up to its length";
    case RECORD_TEXT: return "a text is no UTF-8";
    case RECORD_KIND: return "it is of no kind";
    case RECORD_TIME: return "a time is thousands of years away";
    case NO_MEMORY: return "there is no memory";
    case NO_SUCH_ROW: return "a record names a row that is not there";
    default: return "nothing is wrong";
    }
}
