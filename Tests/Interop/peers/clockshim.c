// Shows a program another wall clock: the file CLOCK_AHEAD, which peers/clock.py writes, says by how many nanoseconds
// it is ahead, also while the program runs. To be preloaded. Debian's libfaketime would do if it left the timers of
// monotonic clocks alone (timerfd_settime): with that, what sleeps until a moment sleeps through a jump.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t second = 1000000000;
static const volatile int64_t *ahead;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("CLOCK_AHEAD");
  int descriptor = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return;
  void *mapped = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (mapped != MAP_FAILED) ahead = mapped;
}

static struct timespec moved(struct timespec time, int64_t by) {
  int64_t moment = time.tv_sec * second + time.tv_nsec + by;
  int64_t rest = (moment % second + second) % second;
  return (struct timespec){.tv_sec = (moment - rest) / second, .tv_nsec = rest};
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (!result && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *time = moved(*time, *ahead);
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *kept) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (kept) *kept = now.tv_sec;
  return now.tv_sec;
}

// The kernel's clock did not move.
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict limit) {
  struct timespec real = ahead ? moved(*limit, -*ahead) : *limit;
  return ((int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait"))(semaphore, &real);
}
