#include "ops/ctl/candidate.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 256 * 1024, REAP_STEP_MS = 10 };

/* --- a line, within a time --- */

/* Reads from FD until a line is complete, it ends, or UNTIL_MS. Byte by byte: what stands behind the line is the answer to the
 * next case. The text, to be freed; NULL if there is none. */
static char *read_line(int fd, int64_t until_ms)
{
    size_t length = 0;
    char *text = malloc(ANSWER_BYTES_MAX + 1);

    while (text != NULL && length < ANSWER_BYTES_MAX) {
        int64_t left_ms = until_ms - clock_now_ms(clock_system());
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&waiting, 1, (int)left_ms) <= 0)
            break;
        ssize_t got = read(fd, text + length, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length++;
        if (text[length - 1] == '\n')
            break;
    }
    if (text == NULL || length == 0) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

static json_t *parse(char *text, struct fault *fault)
{
    json_t *answer = text == NULL ? NULL : json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);

    if (text == NULL)
        (void)fault_reject(fault, "candidate.timeout", "no answer in time");
    else if (!json_is_object(answer)) {
        (void)fault_reject(fault, "candidate.answer", "the answer is no JSON object");
        json_decref(answer);
        answer = NULL;
    }
    free(text);
    return answer;
}

/* --- a command --- */

struct process {
    pid_t id;
    int in, out; /* its standard input and output */
};

static void become_command(const char *command, const int in[2], const int out[2])
{
    (void)setpgid(0, 0);
    if (dup2(in[0], STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
        _exit(127);
    (void)close(in[0]);
    (void)close(in[1]);
    (void)close(out[0]);
    (void)close(out[1]);
    (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static bool start(const char *command, struct process *process)
{
    int in[2], out[2];

    if (pipe(in) != 0)
        return false;
    if (pipe(out) != 0) {
        (void)close(in[0]);
        (void)close(in[1]);
        return false;
    }
    process->id = fork();
    if (process->id == 0)
        become_command(command, in, out);
    (void)close(in[0]);
    (void)close(out[1]);
    process->in = in[1];
    process->out = out[0];
    if (process->id > 0)
        (void)setpgid(process->id, process->id);
    return process->id > 0;
}

/* A command that does not read is no fault of its answer. */
static void write_line(int fd, const char *line)
{
    size_t length = strlen(line);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

    (void)sigaction(SIGPIPE, &ignore, &before);
    for (ssize_t sent = 0; length > 0; line += sent, length -= (size_t)sent) {
        sent = write(fd, line, length);
        if (sent < 0)
            break;
    }
    (void)sigaction(SIGPIPE, &before, NULL);
}

/* Waits for its end until UNTIL_MS, then ends it and all that it started. */
static void end(struct process *process, int64_t until_ms)
{
    int status;

    (void)close(process->out);
    while (waitpid(process->id, &status, WNOHANG) == 0) {
        if (clock_now_ms(clock_system()) >= until_ms) {
            (void)kill(-process->id, SIGKILL);
            (void)waitpid(process->id, &status, 0);
            return;
        }
        (void)poll(NULL, 0, REAP_STEP_MS);
    }
    (void)kill(-process->id, SIGKILL); /* children it may have left */
}

static json_t *ask_command(const char *command, const char *line, int64_t until_ms, struct fault *fault)
{
    struct process process = {.in = -1, .out = -1};

    if (!start(command, &process)) {
        (void)fault_fatal(fault, "candidate.start", "the command cannot be started");
        return NULL;
    }
    write_line(process.in, line);
    write_line(process.in, "\n");
    (void)close(process.in);
    json_t *answer = parse(read_line(process.out, until_ms), fault);
    end(&process, until_ms);
    return answer;
}

json_t *candidate_ask(const char *command, const json_t *asked, int64_t timeout_ms, struct fault *fault)
{
    int64_t until_ms = clock_now_ms(clock_system()) + timeout_ms;
    char *line = json_dumps(asked, JSON_COMPACT);
    json_t *answer = NULL;

    if (line == NULL) {
        (void)fault_fatal(fault, "memory.out", "no memory for a case");
        return NULL;
    }
    if (command != NULL) {
        answer = ask_command(command, line, until_ms, fault);
    } else {
        (void)fprintf(stderr, "%s\n", line);
        answer = parse(read_line(STDIN_FILENO, until_ms), fault);
    }
    free(line);
    return answer;
}

/* --- a server that is silent --- */

int silent_server_open(uint16_t *port)
{
    enum { WAITING_MAX = 16 };
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* Nobody accepts: the system takes the connections, and nothing is ever said on them. */
    if (fd >= 0 &&
        (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, WAITING_MAX) != 0 ||
         getsockname(fd, (struct sockaddr *)&address, &length) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}
