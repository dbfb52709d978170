/* unpacker.h: a compressed file read whole: what packer.h wrote, or any gzip or zstd program. */
#ifndef GATEWAY_UNPACKER_H
#define GATEWAY_UNPACKER_H

#include "base/bytes.h"
#include "base/fault.h"

/* Appends the content of PATH to OUT, whose limit bounds it. Which of the two it is say its first bytes. REJECT "file.missing",
 * "file.unreadable" (neither gzip nor zstd, broken off, damaged), "file.too_large". */
enum status unpack_file(const char *path, struct buffer *out, struct fault *fault) MUST_CHECK;

#endif
