/* catalogue_files.h: where the copies of the catalogue lie: catalogue-NUMBER.sqlite in the handle's directory, the highest number
 * is the one in use; one that is being taken in has another name until it is whole. */
#ifndef CLIENT_CATALOGUE_FILES_H
#define CLIENT_CATALOGUE_FILES_H

#include "client/error.h"

#include <stdint.h>

enum { CATALOGUE_PATH_BYTES = 4200 };

void catalogue_path(const char *directory, int64_t number, char path[CATALOGUE_PATH_BYTES]);
void catalogue_path_of_import(const char *directory, char path[CATALOGUE_PATH_BYTES]);
/* The number of a file's name; negative: not a copy. */
int64_t catalogue_number(const char *name);
int64_t catalogue_highest_number(const char *directory); /* negative: none */
/* With SQLite's files beside it. Ignoring failures: what is left lies there unused. */
void catalogue_remove_file(const char *path);
/* Brings a file or folder to disk; FLAGS are open's. */
enum medhub_status catalogue_sync(const char *path, int flags, struct medhub_error *error);

#endif
