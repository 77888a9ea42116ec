/* Sends mails over many SMTP connections at once and prints as JSON how fast they were taken.

   One thread and epoll, so that a machine of two cores has one left for the server. It behaves like Django's mailer: no
   pipelining, EHLO, MAIL, RCPT, DATA, QUIT. Each mail is a copy of a template in which @SERIAL@@@ becomes its number and
   @KIND@@@ a word of letters, one of --kinds. Any answer that is not the expected one ends the run with an error. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

enum { TOKEN = 10, KIND = 8, PATCHED = 256 * 1024, MAX_TOKENS = 256, MAX_TEMPLATES = 16 };

struct template {
  char *octets;
  size_t count;
  int tokens;
  struct { size_t at; int is_kind; } token[MAX_TOKENS];
};

enum step { BANNER, EHLO, STARTTLS, HANDSHAKE, EHLO_INSIDE, MAIL, RCPT, DATA, MESSAGE, QUIT };

struct session {
  int fd;
  SSL *tls;
  enum step step;
  const struct template *template;
  char *head;           /* the template as far as it is patched */
  size_t head_count;
  const char *out;      /* what is being written */
  size_t out_left;
  const char *out_next; /* and what follows it */
  size_t next_left;
  char in[4096];
  size_t in_count;
  double begun;
  int wants_write;
};

static const char *host = "127.0.0.1", *sender = "django@shop.example", *recipient = "ann@example.org";
static int port, is_reused, is_tls;
static long mails = 1000, kinds = 1, first_serial;
static double seconds, pace;
static struct template templates[MAX_TEMPLATES];
static int template_count;
static long begun_mails, done_mails, open_sessions;
static double *latencies;
static size_t latency_room;
static int epoll;
static SSL_CTX *tls_context;
static char mail_line[512], rcpt_line[512];
static double start, next_start;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "load: %s: %s\n", what, detail);
  exit(1);
}

static void read_template(const char *path) {
  struct template *template = &templates[template_count++];
  if (template_count > MAX_TEMPLATES) fail(path, "too many templates");
  FILE *file = fopen(path, "rb");
  struct stat status;
  if (!file || fstat(fileno(file), &status)) fail(path, strerror(errno));
  template->count = status.st_size;
  template->octets = malloc(template->count + 1);
  if (fread(template->octets, 1, template->count, file) != template->count) fail(path, "cannot be read");
  fclose(file);
  size_t last = template->count < PATCHED ? template->count : PATCHED;
  for (size_t at = 0; at + TOKEN <= last; at++) {
    int is_serial = !memcmp(template->octets + at, "@SERIAL@@@", TOKEN);
    int is_kind = !is_serial && !memcmp(template->octets + at, "@KIND@@@", KIND);
    if (!is_serial && !is_kind) continue;
    if (template->tokens == MAX_TOKENS) fail(path, "too many tokens");
    template->token[template->tokens].at = at;
    template->token[template->tokens++].is_kind = is_kind;
  }
}

static int may_begin(void) {
  if (mails && begun_mails >= mails) return 0;
  return !seconds || now() - start < seconds;
}

/* Makes the next mail of a session. */
static void prepare(struct session *session) {
  long number = begun_mails++;
  const struct template *template = &templates[number % template_count];
  session->template = template;
  session->head_count = template->count < PATCHED ? template->count : PATCHED;
  session->head = realloc(session->head, session->head_count);
  memcpy(session->head, template->octets, session->head_count);
  char serial[32], kind[KIND + 1];
  snprintf(serial, sizeof serial, "%010ld", first_serial + number);
  long rest = (first_serial + number) % kinds;
  for (int index = KIND - 1; index >= 0; index--, rest /= 20) kind[index] = "bcdfghjklmnpqrstvwxz"[rest % 20];
  for (int index = 0; index < template->tokens; index++)
    if (template->token[index].is_kind) memcpy(session->head + template->token[index].at, kind, KIND);
    else memcpy(session->head + template->token[index].at, serial, TOKEN);
}

static void watch(struct session *session, int write) {
  if (session->wants_write == write) return;
  session->wants_write = write;
  struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = session};
  epoll_ctl(epoll, EPOLL_CTL_MOD, session->fd, &event);
}

static void flush(struct session *session) {
  while (session->out_left) {
    long count;
    if (session->tls) {
      int limit = session->out_left > (1 << 20) ? 1 << 20 : (int)session->out_left;
      count = SSL_write(session->tls, session->out, limit);
      if (count <= 0) {
        int error = SSL_get_error(session->tls, count);
        if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) fail("writing", "TLS failed");
        return watch(session, 1);
      }
    } else {
      count = send(session->fd, session->out, session->out_left, MSG_NOSIGNAL);
      if (count < 0 && errno == EAGAIN) return watch(session, 1);
      if (count < 0) fail("writing", strerror(errno));
    }
    session->out += count;
    session->out_left -= count;
    if (!session->out_left) {
      session->out = session->out_next;
      session->out_left = session->next_left;
      session->next_left = 0;
    }
  }
  watch(session, 0);
}

static void say(struct session *session, enum step step, const char *text) {
  session->step = step;
  session->out = text;
  session->out_left = strlen(text);
  flush(session);
}

static void begin(struct session *session) {
  session->begun = now();
  session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int on = 1;
  if (session->fd < 0) fail("socket", strerror(errno));
  setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  if (connect(session->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
    fail("connecting", strerror(errno));
  session->step = BANNER;
  session->in_count = 0;
  session->wants_write = 0;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
  epoll_ctl(epoll, EPOLL_CTL_ADD, session->fd, &event);
  open_sessions++;
}

static void hang_up(struct session *session) {
  if (session->tls) SSL_free(session->tls);
  session->tls = NULL;
  close(session->fd);
  session->fd = -1;
  open_sessions--;
}

static void note(struct session *session) {
  if ((size_t)done_mails == latency_room) {
    latency_room = latency_room ? 2 * latency_room : 4096;
    latencies = realloc(latencies, latency_room * sizeof *latencies);
  }
  latencies[done_mails++] = now() - session->begun;
}

static void handshake(struct session *session) {
  int result = SSL_connect(session->tls);
  if (result == 1) return say(session, EHLO_INSIDE, "EHLO web.example\r\n");
  int error = SSL_get_error(session->tls, result);
  if (error == SSL_ERROR_WANT_WRITE) return watch(session, 1);
  if (error != SSL_ERROR_WANT_READ) fail("STARTTLS", "the handshake failed");
  watch(session, 0);
}

static void send_mail(struct session *session) {
  session->step = MESSAGE;
  session->out = session->head;
  session->out_left = session->head_count;
  session->out_next = session->template->octets + session->head_count;
  session->next_left = session->template->count - session->head_count;
  flush(session);
}

static void finish_mail(struct session *session) {
  if (is_reused) {
    note(session);
    if (may_begin()) {
      prepare(session);
      session->begun = now();
      return say(session, MAIL, mail_line);
    }
  }
  say(session, QUIT, "QUIT\r\n");
}

/* The whole reply to the last command has come. */
static void go_on(struct session *session, const char *reply) {
  static const char *expected[] = {"220", "250", "220", "", "250", "250", "250", "354", "250", "221"};
  if (strncmp(reply, expected[session->step], 3)) fail("the server said", reply);
  switch (session->step) {
    case BANNER: return say(session, EHLO, "EHLO web.example\r\n");
    case EHLO:
      if (is_tls) return say(session, STARTTLS, "STARTTLS\r\n");
      return say(session, MAIL, mail_line);
    case STARTTLS:
      session->step = HANDSHAKE;
      session->tls = SSL_new(tls_context);
      SSL_set_fd(session->tls, session->fd);
      return handshake(session);
    case HANDSHAKE: return;
    case EHLO_INSIDE: return say(session, MAIL, mail_line);
    case MAIL: return say(session, RCPT, rcpt_line);
    case RCPT: return say(session, DATA, "DATA\r\n");
    case DATA: return send_mail(session);
    case MESSAGE: return finish_mail(session);
    case QUIT:
      if (!is_reused) note(session);
      hang_up(session);
      if (!pace && may_begin()) {
        prepare(session);
        begin(session);
      }
  }
}

/* Returns whether more may be there. */
static int take(struct session *session) {
  size_t room = sizeof session->in - 1 - session->in_count;
  long count;
  if (session->tls) {
    count = SSL_read(session->tls, session->in + session->in_count, room);
    if (count <= 0) {
      int error = SSL_get_error(session->tls, count);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) fail("reading", "TLS ended");
      return 0;
    }
  } else {
    count = recv(session->fd, session->in + session->in_count, room, 0);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count <= 0) fail("reading", count ? strerror(errno) : "the server closed the connection");
  }
  session->in_count += count;
  session->in[session->in_count] = 0;
  if (session->in[session->in_count - 1] != '\n') return 1;
  char *last = session->in_count > 1 ? memrchr(session->in, '\n', session->in_count - 1) : NULL;
  last = last ? last + 1 : session->in;
  if (session->in_count >= (size_t)(last - session->in) + 4 && last[3] == '-') return 1;
  session->in_count = 0;
  int had_tls = session->tls != NULL;
  go_on(session, last);
  return session->fd >= 0 && had_tls && session->tls;
}

static int compare(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

static double part(double fraction) {
  if (!done_mails) return 0;
  long index = fraction * done_mails;
  return 1000 * latencies[index < done_mails ? index : done_mails - 1];
}

static void parse(int count, char **arguments) {
  static const struct option options[] = {
      {"port", 1, 0, 'p'}, {"sessions", 1, 0, 's'}, {"mails", 1, 0, 'm'}, {"kinds", 1, 0, 'k'}, {"seconds", 1, 0, 'd'},
      {"pace", 1, 0, 'P'}, {"from", 1, 0, 'f'}, {"to", 1, 0, 't'}, {"first", 1, 0, 'F'}, {"reuse", 0, 0, 'r'},
      {"starttls", 0, 0, 'T'}, {0}};
  int option;
  while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) switch (option) {
      case 'p': port = atoi(optarg); break;
      case 's': open_sessions = atol(optarg); break;
      case 'm': mails = atol(optarg); break;
      case 'k': kinds = atol(optarg); break;
      case 'd': seconds = atof(optarg); break;
      case 'P': pace = atof(optarg); break;
      case 'f': sender = optarg; break;
      case 't': recipient = optarg; break;
      case 'F': first_serial = atol(optarg); break;
      case 'r': is_reused = 1; break;
      case 'T': is_tls = 1; break;
      default:
        fprintf(stderr, "usage: load --port PORT [--sessions N] [--mails N] [--seconds S] [--kinds N] [--first N]\n"
                        "            [--pace MAILS-A-SECOND] [--reuse] [--starttls] [--from A] [--to A] TEMPLATE…\n");
        exit(2);
    }
  for (int index = optind; index < count; index++) read_template(arguments[index]);
  if (!port || !template_count) fail("arguments", "a port and a template are needed");
}

/* With a pace a mail begins at its time, whether the ones before it are done or not. */
static void keep_pace(struct session *sessions, long count) {
  while (may_begin() && now() >= next_start) {
    struct session *session = NULL;
    for (long index = 0; index < count && !session; index++) if (sessions[index].fd < 0) session = &sessions[index];
    if (!session) return;
    next_start += 1 / pace;
    prepare(session);
    begin(session);
  }
}

int main(int count, char **arguments) {
  open_sessions = 1;
  parse(count, arguments);
  long wanted = open_sessions;
  open_sessions = 0;
  snprintf(mail_line, sizeof mail_line, "MAIL FROM:<%s>\r\n", sender);
  snprintf(rcpt_line, sizeof rcpt_line, "RCPT TO:<%s>\r\n", recipient);
  epoll = epoll_create1(0);
  if (is_tls) {
    tls_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(tls_context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  struct session *sessions = calloc(wanted, sizeof *sessions);
  start = next_start = now();
  for (long index = 0; index < wanted; index++) {
    sessions[index].fd = -1;
    if (pace || !may_begin()) continue;
    prepare(&sessions[index]);
    begin(&sessions[index]);
  }
  struct epoll_event events[256];
  while (open_sessions || (pace && may_begin())) {
    if (pace) keep_pace(sessions, wanted);
    int ready = epoll_wait(epoll, events, 256, pace ? 1 : 60000);
    if (!ready && !pace) fail("waiting", "no answer for a minute");
    for (int index = 0; index < ready; index++) {
      struct session *session = events[index].data.ptr;
      if (session->step == HANDSHAKE) {
        handshake(session);
        continue;
      }
      if (events[index].events & EPOLLOUT) flush(session);
      if (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) while (take(session)) {}
    }
  }
  double took = now() - start;
  qsort(latencies, done_mails, sizeof *latencies, compare);
  printf("{\"mails\": %ld, \"seconds\": %.6f, \"p50\": %.4f, \"p99\": %.4f, \"max\": %.4f}\n", done_mails, took, part(0.5),
         part(0.99), done_mails ? 1000 * latencies[done_mails - 1] : 0);
  return 0;
}
