// Makes calls fail that change files below the folder FAULT_FOLDER. To be preloaded; the file FAULT_CONTROL, which
// peers/faults.py writes, says which calls fail and how, also while the program runs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
  _Atomic uint64_t calls;
  // The calls first, first + every, first + 2 every … fail, up to last; they are counted from 1.
  uint64_t first, last, every;
  // 0: a write takes half of what it was given. Otherwise what fails fails with this.
  uint32_t code;
  // TORN: half of what could not be written stands in the file all the same. SYNCS, UNLINKS: only these fail.
  // BEGINS_WITH_SYNC: none fails before a sync.
  uint32_t flags;
  uint64_t failed;
  char hit[240];
  // A bad sector: reads of these octets of the file fail, whatever it is called by then.
  uint64_t lost_from, lost_to, lost_reads, lost_inode;
};

enum { TORN = 1, SYNCS = 2, UNLINKS = 4, BEGINS_WITH_SYNC = 8 };

static struct control *control;
static char folder[PATH_MAX];
static size_t folder_length;

__attribute__((constructor)) static void begin(void) {
  const char *below = getenv("FAULT_FOLDER"), *file = getenv("FAULT_CONTROL");
  if (!below || !file || !realpath(below, folder)) return;
  folder_length = strlen(folder);
  int descriptor = open(file, O_RDWR | O_CLOEXEC);
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (mapped != MAP_FAILED) control = mapped;
}

static int is_below(const char *path) {
  return control && !strncmp(path, folder, folder_length) && path[folder_length] == '/';
}

// Whether this call fails. `size` is what a write is given, else 0.
static int fails(const char *what, const char *path, size_t size) {
  uint64_t call = atomic_fetch_add(&control->calls, 1) + 1;
  if (!control->every || call < control->first || call > control->last) return 0;
  if ((call - control->first) % control->every || (!control->code && size < 2)) return 0;
  if (control->flags & SYNCS && !strstr(what, "sync")) return 0;
  if (control->flags & UNLINKS && strcmp(what, "unlink")) return 0;
  if (control->flags & BEGINS_WITH_SYNC && !control->failed && !strstr(what, "sync")) return 0;
  control->failed++;
  snprintf(control->hit, sizeof control->hit, "%s %s (%zu)", what, path + folder_length + 1, size);
  errno = control->code;
  return 1;
}

static int fails_at(const char *what, int descriptor, size_t size) {
  char link[40], path[PATH_MAX];
  int saved = errno;
  if (!control) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (length < 0) return 0;
  path[length] = 0;
  return (is_below(path) || !strcmp(path, folder)) && fails(what, path, size);
}

#define NEXT(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

// What a failing write does: `half` is the call with half the size.
#define WRITE(what, size, whole, half)               \
  if (!fails_at(what, descriptor, size)) return whole; \
  int code = control->code;                          \
  if (!code) return half;                            \
  if (control->flags & TORN && (size) > 1) (void)!(half); \
  errno = code;                                      \
  return -1

ssize_t write(int descriptor, const void *octets, size_t size) {
  WRITE("write", size, syscall(SYS_write, descriptor, octets, size), syscall(SYS_write, descriptor, octets, size / 2));
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
  WRITE("writev", pieces->iov_len, syscall(SYS_writev, descriptor, pieces, count),
        syscall(SYS_write, descriptor, pieces->iov_base, pieces->iov_len / 2));
}

ssize_t pwrite64(int descriptor, const void *octets, size_t size, off64_t offset) {
  WRITE("pwrite", size, syscall(SYS_pwrite64, descriptor, octets, size, offset),
        syscall(SYS_pwrite64, descriptor, octets, size / 2, offset));
}

ssize_t pwrite(int descriptor, const void *octets, size_t size, off_t offset) {
  return pwrite64(descriptor, octets, size, offset);
}

int fsync(int descriptor) {
  return fails_at("fsync", descriptor, 0) ? -1 : (int)syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor) {
  return fails_at("fdatasync", descriptor, 0) ? -1 : (int)syscall(SYS_fdatasync, descriptor);
}

int ftruncate64(int descriptor, off64_t length) {
  return fails_at("ftruncate", descriptor, 0) ? -1 : (int)syscall(SYS_ftruncate, descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

// Whether one of these octets is lost.
static int is_lost(int descriptor, size_t size, off64_t offset) {
  struct stat status;
  if (!control || (uint64_t)offset >= control->lost_to || offset + size <= control->lost_from) return 0;
  if (fstat(descriptor, &status) || status.st_ino != control->lost_inode) return 0;
  control->lost_reads++;
  errno = EIO;
  return 1;
}

ssize_t pread64(int descriptor, void *octets, size_t size, off64_t offset) {
  return is_lost(descriptor, size, offset) ? -1 : syscall(SYS_pread64, descriptor, octets, size, offset);
}

ssize_t pread(int descriptor, void *octets, size_t size, off_t offset) {
  return pread64(descriptor, octets, size, offset);
}

int unlink(const char *path) {
  return is_below(path) && fails("unlink", path, 0) ? -1 : NEXT(unlink, path);
}

int rename(const char *from, const char *to) {
  return is_below(to) && fails("rename", to, 0) ? -1 : NEXT(rename, from, to);
}

// What is there already takes no room.
static int makes(const char *path) { return is_below(path) && (control->code != ENOSPC || access(path, F_OK)); }

int mkdir(const char *path, mode_t mode) {
  return makes(path) && fails("mkdir", path, 0) ? -1 : NEXT(mkdir, path, mode);
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
  if (flags & O_CREAT && makes(path) && fails("open", path, 0)) return -1;
  return (int)syscall(SYS_openat, at, path, flags, mode);
}

#define MODE                    \
  mode_t mode = 0;              \
  if (flags & O_CREAT) {        \
    va_list rest;               \
    va_start(rest, flags);      \
    mode = va_arg(rest, mode_t); \
    va_end(rest);               \
  }

int open64(const char *path, int flags, ...) {
  MODE return open_at(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  MODE return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
  MODE return open_at(at, path, flags, mode);
}
