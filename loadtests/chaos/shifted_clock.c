/* The wall clock of a process, shifted: loaded before everything else (LD_PRELOAD), told by how much in a mapped file.
 *
 * SHIFTED_CLOCK_FILE names a file of 8 bytes: nanoseconds that are added to CLOCK_REALTIME, little-endian as this
 * machine is, changed at any moment from outside. The monotonic clocks stay as they are, as they do when a machine's
 * clock is set. Waits until an instant of the wall clock are taken back to the machine's own; unlike at a true jump,
 * one that is under way keeps the end it began with.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
/* Instants above this are of the wall clock (2001 and later), below of a monotonic one (32 years since the boot). */
#define WALL_BEGINS SECOND

typedef int (*clock_read)(clockid_t, struct timespec *);

static volatile int64_t nothing;
static volatile int64_t *shift_ns = &nothing;

static void *next(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void map_shift(void) {
    const char *path = getenv("SHIFTED_CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (found != MAP_FAILED) shift_ns = found;
}

static void add(struct timespec *at, int64_t ns) {
    int64_t rest = at->tv_nsec + ns % SECOND;
    at->tv_sec += ns / SECOND + rest / SECOND;
    rest %= SECOND;
    if (rest < 0) {
        rest += SECOND;
        at->tv_sec -= 1;
    }
    at->tv_nsec = rest;
}

/* Where a wait ends by the machine's own clock. */
static const struct timespec *own(const struct timespec *until, struct timespec *room) {
    if (until == NULL || until->tv_sec < WALL_BEGINS) return until;
    *room = *until;
    add(room, -*shift_ns);
    return room;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static clock_read real;
    if (real == NULL) real = (clock_read)next("clock_gettime");
    int failed = real(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) add(at, *shift_ns);
    return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into != NULL) *into = now.tv_sec;
    return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    struct timespec room;
    /* By its version: the one without is the condition variable of 1999, of another size. */
    if (real == NULL) *(void **)&real = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (real == NULL) *(void **)&real = next("pthread_cond_timedwait");
    return real(condition, mutex, own(until, &room));
}

int pthread_cond_clockwait(
    pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    struct timespec room;
    if (real == NULL) *(void **)&real = next("pthread_cond_clockwait");
    return real(condition, mutex, clock, own(until, &room));
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*real)(pthread_mutex_t *, const struct timespec *);
    struct timespec room;
    if (real == NULL) *(void **)&real = next("pthread_mutex_timedlock");
    return real(mutex, own(until, &room));
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    static int (*real)(sem_t *, const struct timespec *);
    struct timespec room;
    if (real == NULL) *(void **)&real = next("sem_timedwait");
    return real(semaphore, own(until, &room));
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
    static int (*real)(sem_t *, clockid_t, const struct timespec *);
    struct timespec room;
    if (real == NULL) *(void **)&real = next("sem_clockwait");
    return real(semaphore, clock, own(until, &room));
}

/* Abseil, and gRPC with it, waits by the system call itself. */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    va_list rest;
    long words[6];
    struct timespec room;
    if (real == NULL) *(void **)&real = next("syscall");
    va_start(rest, number);
    for (int i = 0; i < 6; i++) words[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_futex && (words[1] & FUTEX_CLOCK_REALTIME))
        words[3] = (long)own((const struct timespec *)words[3], &room);
    return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
