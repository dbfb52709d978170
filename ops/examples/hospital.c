/* hospital.c: uploads a prescription (a CloudEvent in a file) and prints what the hub decided.
 *
 *     cc hospital.c $(pkg-config --cflags --libs medhub) -o hospital
 *     ./hospital medhub.options prescription.json */
#include <medhub/medhub.h>

#include <stdio.h>
#include <stdlib.h>

static char text[1 << 20];

static void stop_on(enum medhub_status status, const struct medhub_error *error)
{
    if (status == MEDHUB_OK)
        return;
    fprintf(stderr, "%s\n%s\n", error->text_zh, error->text_en);
    exit(1);
}

static void print_receipt(const struct medhub_receipt *receipt)
{
    printf("%s %s %s\n", medhub_receipt_id(receipt), medhub_outcome_name(medhub_receipt_outcome(receipt)),
           medhub_receipt_field(receipt, "code"));
    for (size_t i = 0; i < medhub_receipt_finding_count(receipt); i++)
        printf("  %s %s: %s\n", medhub_receipt_finding(receipt, i, "rule"),
               medhub_receipt_finding(receipt, i, "path"), medhub_receipt_finding(receipt, i, "sentenceZh"));
}

int main(int argc, char **argv)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct medhub_options *options = medhub_options_new();
    struct medhub *hub = NULL;
    struct medhub_receipt *receipt = NULL;
    char id[1][MEDHUB_ID_BYTES];
    FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;

    if (file == NULL || fread(text, 1, sizeof text - 1, file) == 0) {
        fprintf(stderr, "usage: hospital OPTIONS EVENT\n");
        return 2;
    }
    fclose(file);
    stop_on(medhub_options_read(options, argv[1], &error), &error);
    stop_on(medhub_open(options, &hub, &error), &error);
    medhub_options_free(options);

    event.json = text;
    stop_on(medhub_submit(hub, &event, 1, id, &error), &error); /* from here on it is safe, whatever happens */
    stop_on(medhub_wait(hub, id[0], 60000, &receipt, &error), &error);
    print_receipt(receipt);

    int code = medhub_receipt_outcome(receipt) == MEDHUB_ACCEPTED ? 0 : 6;
    medhub_receipt_free(receipt);
    medhub_close(hub);
    return code;
}
