/* bench_code: how many codes a second one core takes apart, and GS1's own engine beside it on the same
 * strings, in turn.
 *
 *     bench_code --identifiers ops/data/gudid_devices.csv [--engine libgs1encoders.so] [--rounds 5]
 * [--milliseconds 300]
 *
 * Four kinds of strings, made of real device identifiers. The engine is loaded by name, if one is given; only
 * its public functions are used. Ours gives dates and the device identifier as well. */
#include "bench.h"

#include "code/code.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CODES = 4096, CODE_BYTES = 160, IDENTIFIER_DIGITS = 14, YEAR = 2026, ROUNDS_MAX = 64 };

struct engine {
    void *context;
    bool (*scan)(void *context, const char *text);
    bool (*bracketed)(void *context, const char *text);
    bool (*plain)(void *context, const char *text);
};

struct kind {
    const char *name;
    void (*write)(char *text, const char *identifier, unsigned number);
};

/* --- strings --- */

static void write_datamatrix(char *text, const char *identifier, unsigned number)
{
    (void)snprintf(text, CODE_BYTES,
                   "]d201%s17%02u%02u%02u10L%06u\x1d"
                   "21S%08u",
                   identifier, 26 + number % 9, 1 + number % 12, 1 + number % 28, number, number * 7);
}

static void write_gs1_128(char *text, const char *identifier, unsigned number)
{
    (void)snprintf(text, CODE_BYTES, "]C101%s17%02u%02u0010LOT%05u", identifier, 26 + number % 9,
                   1 + number % 12, number);
}

static void write_link(char *text, const char *identifier, unsigned number)
{
    (void)snprintf(text, CODE_BYTES, "https://id.gs1.org/01/%s/10/L%%2F%05u/21/S%07u?17=%02u%02u%02u",
                   identifier, number, number * 3, 26 + number % 9, 1 + number % 12, 1 + number % 28);
}

static void write_bracketed(char *text, const char *identifier, unsigned number)
{
    (void)snprintf(text, CODE_BYTES, "(01)%s(11)%02u%02u%02u(17)%02u%02u%02u(10)L%05u(21)S%07u", identifier,
                   20 + number % 6, 1 + number % 12, 1 + number % 28, 26 + number % 9, 1 + number % 12,
                   1 + number % 28, number, number * 3);
}

static const struct kind kinds[] = {
    {"]d2 01 17 10 21", write_datamatrix},
    {"]C1 01 17 10", write_gs1_128},
    {"link 01 10 21 17", write_link},
    {"brackets 01 11 17 10 21", write_bracketed},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static char identifiers[CODES][IDENTIFIER_DIGITS + 1];
static char codes[KINDS][CODES][CODE_BYTES];

static void read_identifiers(const char *path)
{
    char line[4096];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        bench_fail("%s cannot be opened", path);
    while (count < CODES && fgets(line, sizeof line, file) != NULL)
        if (strspn(line, "0123456789") == IDENTIFIER_DIGITS &&
            code_check_digit_ok(bytes_from(line, IDENTIFIER_DIGITS)))
            memcpy(identifiers[count++], line, IDENTIFIER_DIGITS);
    (void)fclose(file);
    for (size_t i = count; i < CODES; i++) {
        if (count == 0)
            bench_fail("%s holds no identifiers", path);
        memcpy(identifiers[i], identifiers[i % count], IDENTIFIER_DIGITS);
    }
}

/* --- measuring --- */

static double now_seconds(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void read_all(size_t kind, struct arena *arena)
{
    struct code_options options = {.current_year = YEAR};
    struct code code;
    for (size_t i = 0; i < CODES; i++) {
        arena_reset(arena);
        if (!code_parse(bytes_of(codes[kind][i]), &options, arena, &code) ||
            code.expires_on.precision == CODE_NO_DATE)
            bench_fail("%s: %s", codes[kind][i], code_error_name(code.error));
    }
}

static void read_all_by_engine(const struct engine *engine, size_t kind)
{
    bool (*read)(void *, const char *) = kind < 2    ? engine->scan
                                         : kind == 2 ? engine->plain
                                                     : engine->bracketed;
    for (size_t i = 0; i < CODES; i++)
        if (!read(engine->context, codes[kind][i]))
            bench_fail("the engine refuses %s", codes[kind][i]);
}

/* Codes a second over at least MILLISECONDS. */
static double measure(const struct engine *engine, size_t kind, struct arena *arena, int64_t milliseconds)
{
    double begin = now_seconds(), end = begin;
    uint64_t count = 0;
    while (end - begin < (double)milliseconds / 1e3) {
        if (engine == NULL)
            read_all(kind, arena);
        else
            read_all_by_engine(engine, kind);
        count += CODES;
        end = now_seconds();
    }
    return (double)count / (end - begin);
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* --- the engine --- */

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL)
        bench_fail("the engine has no %s", name);
    return found;
}

static bool load_engine(const char *path, struct engine *engine)
{
    if (path == NULL || *path == '\0')
        return false;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        bench_fail("%s", dlerror());
    void *(*init)(void *memory);
    *(void **)&init = symbol(library, "gs1_encoder_init");
    *(void **)&engine->scan = symbol(library, "gs1_encoder_setScanData");
    *(void **)&engine->bracketed = symbol(library, "gs1_encoder_setAIdataStr");
    *(void **)&engine->plain = symbol(library, "gs1_encoder_setDataStr");
    engine->context = init(NULL);
    return engine->context != NULL;
}

static void measure_kind(const struct engine *engine, size_t kind, struct arena *arena,
                         struct bench_options options)
{
    double ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    int64_t rounds = bench_number(options, "rounds", 5),
            milliseconds = bench_number(options, "milliseconds", 300);
    for (int64_t i = 0; i < rounds && i < ROUNDS_MAX; i++) {
        ours[i] = measure(NULL, kind, arena, milliseconds);
        theirs[i] = engine == NULL ? 0 : measure(engine, kind, arena, milliseconds);
    }
    printf("%s{\"kind\":\"%s\",\"codes_per_s\":%.0f,\"engine_per_s\":%.0f}", kind == 0 ? "[" : ",",
           kinds[kind].name, median(ours, (size_t)rounds), median(theirs, (size_t)rounds));
}

int main(int argc, char **argv)
{
    struct bench_options options = {argc, argv};
    struct engine engine;
    bool has_engine = load_engine(bench_option(options, "engine", NULL), &engine);
    struct arena *arena = arena_new(64 * 1024, 1024 * 1024);

    read_identifiers(bench_option(options, "identifiers", "ops/data/gudid_devices.csv"));
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < CODES; i++)
            kinds[kind].write(codes[kind][i], identifiers[i], (unsigned)i);
    for (size_t kind = 0; kind < KINDS; kind++)
        measure_kind(has_engine ? &engine : NULL, kind, arena, options);
    printf("]\n");
    arena_free(arena);
    return 0;
}
