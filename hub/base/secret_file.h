/* secret_file.h: a secret that lies in a file: how it reaches a process that must not have it in its environment or
 * settings. Any thread. */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

enum { SECRET_BYTES_MAX = 4096 };

/* Reads the one secret of the file PATH, without the line break at its end, into SECRET and ends it with a NUL. FATAL
 * "secret.file": it cannot be read, is empty, holds a NUL or is longer than SECRET_BYTES_MAX - 1. The fault names the
 * path, never what is in it. The caller wipes SECRET (explicit_bzero) when it is done. */
enum status secret_file_read(const char *path, char secret[SECRET_BYTES_MAX], struct fault *fault) MUST_CHECK;

enum { KEY_FILE_BYTES_MAX = 8192 };

/* Reads a key file whole into TEXT, without a second copy in memory; LENGTH is KEY_FILE_BYTES_MAX + 1 if it is longer, which its
 * reader refuses. REJECT "key.absent": there is none; RETRY "key.unreadable". The caller wipes TEXT. */
enum status key_file_read(const char *path, uint8_t text[KEY_FILE_BYTES_MAX + 1], size_t *length,
                          struct fault *fault) MUST_CHECK;

#endif
