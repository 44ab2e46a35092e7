/* A disk that forgets: writes to log files stay in the memory of the process until fdatasync or fsync, so that kill -9 loses
 * what a power cut would lose. Loaded with LD_PRELOAD; fault/lossy.py builds it.
 *
 *   LOSSY_DIR           files below this directory whose name ends in .seg or begins with "prepared" are held
 *   LOSSY_STUB_SYNC     1: fdatasync and fsync say yes and do nothing (the negative control: acknowledged data must be lost)
 *   LOSSY_LEAK_PERCENT  chance that a piece of a held write reaches the file at once, as the kernel's own write-back would do
 *   LOSSY_PIECE_BYTES   size and alignment of a piece, 4096 if absent; a disk with small sectors tears at 512
 *   LOSSY_SYNC_DELAY_US each sync waits so long before it writes: widens the time in which a cut tears a write
 *
 * Held bytes are not visible to pread of the same process: the writer never reads what it has not synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PIECE_BYTES 4096

struct held {
    struct held *next;
    dev_t dev;
    ino_t ino;
    off_t offset;
    size_t size;
    char data[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct held *first, **last = &first;
static unsigned seed;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);

__attribute__((constructor)) static void load(void)
{
    struct timespec now;
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    clock_gettime(CLOCK_MONOTONIC, &now);
    seed = (unsigned)now.tv_nsec ^ (unsigned)getpid();
}

static int is_held(int fd)
{
    char link[64], path[PATH_MAX];
    const char *dir = getenv("LOSSY_DIR"), *name;
    size_t length;
    if (!dir || !*dir)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got < 0)
        return 0;
    path[got] = 0;
    if (strncmp(path, dir, strlen(dir)))
        return 0;
    name = strrchr(path, '/');
    name = name ? name + 1 : path;
    length = strlen(name);
    return !strncmp(name, "prepared", 8) || (length > 4 && !strcmp(name + length - 4, ".seg"));
}

static ssize_t hold(int fd, const void *data, size_t size, off_t offset)
{
    struct stat st;
    const char *leak = getenv("LOSSY_LEAK_PERCENT"), *wanted = getenv("LOSSY_PIECE_BYTES");
    unsigned percent = leak ? (unsigned)atoi(leak) : 0;
    size_t piece_bytes = wanted && atoi(wanted) > 0 ? (size_t)atoi(wanted) : PIECE_BYTES;
    struct held *one = malloc(sizeof *one + size);
    if (!one || fstat(fd, &st)) {
        free(one);
        errno = EIO;
        return -1;
    }
    *one = (struct held){.dev = st.st_dev, .ino = st.st_ino, .offset = offset, .size = size};
    memcpy(one->data, data, size);
    pthread_mutex_lock(&lock);
    *last = one;
    last = &one->next;
    for (size_t at = 0; percent && at < size;) {
        size_t piece = piece_bytes - (size_t)(offset + (off_t)at) % piece_bytes;
        if (piece > size - at)
            piece = size - at;
        if ((unsigned)rand_r(&seed) % 100 < percent)
            real_pwrite(fd, one->data + at, piece, offset + (off_t)at);
        at += piece;
    }
    pthread_mutex_unlock(&lock);
    return (ssize_t)size;
}

static int release(int fd)
{
    struct stat st;
    int failed = 0;
    if (fstat(fd, &st))
        return -1;
    pthread_mutex_lock(&lock);
    for (struct held **from = &first; *from;) {
        struct held *one = *from;
        if (one->dev != st.st_dev || one->ino != st.st_ino) {
            from = &one->next;
            continue;
        }
        if (real_pwrite(fd, one->data, one->size, one->offset) != (ssize_t)one->size)
            failed = 1;
        *from = one->next;
        free(one);
    }
    last = &first;
    while (*last)
        last = &(*last)->next;
    pthread_mutex_unlock(&lock);
    if (failed)
        errno = EIO;
    return failed ? -1 : 0;
}

static int sync_with(int fd, int (*real)(int))
{
    const char *stub = getenv("LOSSY_STUB_SYNC"), *delay = getenv("LOSSY_SYNC_DELAY_US");
    if (!is_held(fd))
        return real(fd);
    if (delay && atoi(delay) > 0)
        usleep((useconds_t)atoi(delay));
    if (stub && *stub == '1')
        return 0;
    return release(fd) ? -1 : real(fd);
}

int fsync(int fd) { return sync_with(fd, real_fsync); }
int fdatasync(int fd) { return sync_with(fd, real_fdatasync); }

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return is_held(fd) ? hold(fd, data, size, offset) : real_pwrite(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

/* The log does not use these on its files; if it ever does, the shim must learn them first. */
static ssize_t refuse(int fd)
{
    if (!is_held(fd))
        return 0;
    errno = ENOSYS;
    return -1;
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    static ssize_t (*real)(int, const struct iovec *, int, off64_t, int);
    if (!real)
        real = dlsym(RTLD_NEXT, "pwritev64v2");
    return refuse(fd) ? -1 : real(fd, parts, count, offset, flags);
}
