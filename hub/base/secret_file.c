#include "base/secret_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum status secret_file_read(const char *path, char secret[SECRET_BYTES_MAX], struct fault *fault)
{
    FILE *file = fopen(path, "re");

    secret[0] = '\0';
    if (file == NULL)
        return fault_fatal(fault, "secret.file", "the secret in %s cannot be read: %s", path, strerror(errno));
    size_t length = fread(secret, 1, SECRET_BYTES_MAX, file);
    bool whole = ferror(file) == 0 && length < SECRET_BYTES_MAX;
    (void)fclose(file);
    while (whole && length > 0 && (secret[length - 1] == '\n' || secret[length - 1] == '\r'))
        length--;
    if (!whole || length == 0 || memchr(secret, '\0', length) != NULL) {
        explicit_bzero(secret, SECRET_BYTES_MAX);
        return fault_fatal(fault, "secret.file", "%s is no secret: empty, binary or longer than %d bytes", path,
                           SECRET_BYTES_MAX - 1);
    }
    secret[length] = '\0';
    return STATUS_OK;
}

enum status key_file_read(const char *path, uint8_t text[KEY_FILE_BYTES_MAX + 1], size_t *length, struct fault *fault)
{
    FILE *file = fopen(path, "rbe");

    *length = 0;
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR))
        return fault_reject(fault, "key.absent", "there is no file %s", path);
    if (file == NULL)
        return fault_retry(fault, "key.unreadable", "%s: %s", path, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no second copy of a secret */
    *length = fread(text, 1, KEY_FILE_BYTES_MAX + 1, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    return failed ? fault_retry(fault, "key.unreadable", "%s cannot be read", path) : STATUS_OK;
}
