/* pharmacy.c: follows what the hub has for this pharmacy and prints one line for each event; goes on where it stopped.
 *
 *     cc pharmacy.c $(pkg-config --cflags --libs medhub) -o pharmacy
 *     ./pharmacy medhub.options [HOW MANY] */
#include <medhub/medhub.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* OK moves the stored cursor behind this event; with anything else it comes again. */
static enum medhub_status take(void *context, const struct medhub_item *item)
{
    long *left = context;
    if (stopped)
        return MEDHUB_AGAIN;
    if (medhub_item_kind(item) == MEDHUB_ITEM_GAP)
        printf("some deliveries are no longer kept: ask the hub for them\n");
    else
        printf("%s %s %s\n", medhub_item_id(item), medhub_item_type(item), medhub_item_subject(item));
    if (fflush(stdout) != 0)
        return MEDHUB_AGAIN;
    stopped = --*left == 0;
    return MEDHUB_OK;
}

int main(int argc, char **argv)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct medhub_options *options = medhub_options_new();
    struct medhub *hub = NULL;
    long left = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    if (argc < 2 || medhub_options_read(options, argv[1], &error) != MEDHUB_OK ||
        medhub_open(options, &hub, &error) != MEDHUB_OK ||
        medhub_follow(hub, "deliveries", take, &left, &error) != MEDHUB_OK) {
        fprintf(stderr, "usage: pharmacy OPTIONS [COUNT]\n%s\n%s\n", error.text_zh, error.text_en);
        return 1;
    }
    medhub_options_free(options);
    while (!stopped && medhub_work(hub, 500, &error) <= MEDHUB_AGAIN)
        ;
    medhub_close(hub);
    return stopped ? 0 : 1;
}
