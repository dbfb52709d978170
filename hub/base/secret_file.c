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
