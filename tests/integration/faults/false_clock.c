/* A wall clock that is off by as many seconds as the file FALSE_CLOCK says (a 64 bit number), from moment to moment.
   Loaded into processes by LD_PRELOAD. Monotonic clocks, and with them every wait, are left alone.
   Needs no header: any C compiler makes it, tcc without a C library's development files, too. */
struct timespec { long tv_sec; long tv_nsec; };
struct timeval { long tv_sec; long tv_usec; };
enum { REALTIME = 0, REALTIME_COARSE = 5, READ_ONLY = 0, CLOSE_ON_EXEC = 02000000, PROTECT_READ = 1, MAP_SHARED = 1 };

extern char *getenv(const char *name);
extern int open(const char *path, int flags, ...);
extern int close(int file);
extern void *mmap(void *address, unsigned long length, int protection, int flags, int file, long offset);
extern void *dlsym(void *handle, const char *name);
extern void abort(void);

static const volatile long *ahead;
static int (*true_clock)(int, struct timespec *);

static void begin(void) {
    const char *place = getenv("FALSE_CLOCK");
    int file = place ? open(place, READ_ONLY | CLOSE_ON_EXEC) : -1;
    if (file < 0) abort();
    void *mapped = mmap(0, sizeof(long), PROTECT_READ, MAP_SHARED, file, 0);
    if (mapped == (void *)-1) abort();
    close(file);
    true_clock = (int (*)(int, struct timespec *))dlsym((void *)-1, "clock_gettime");
    if (!true_clock) abort();
    ahead = mapped;
}

int clock_gettime(int clock, struct timespec *now) {
    if (!ahead) begin();
    int result = true_clock(clock, now);
    if (result == 0 && (clock == REALTIME || clock == REALTIME_COARSE)) now->tv_sec += *ahead;
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    (void)zone;
    int result = clock_gettime(REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

long time(long *place) {
    struct timespec now;
    clock_gettime(REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
