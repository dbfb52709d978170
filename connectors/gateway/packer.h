/* packer.h: a file written compressed, bit by bit. */
#ifndef GATEWAY_PACKER_H
#define GATEWAY_PACKER_H

#include "base/fault.h"
#include "gateway/snapshot.h"

struct packer;

/* FATAL: the file cannot be made. */
enum status packer_open(const char *path, enum snapshot_coding coding, struct packer **packer, struct fault *fault) MUST_CHECK;
enum status packer_write(struct packer *packer, struct bytes bytes, struct fault *fault) MUST_CHECK;
/* Ends the file and brings it to the disk. */
enum status packer_finish(struct packer *packer, struct fault *fault) MUST_CHECK;
void packer_close(struct packer *packer); /* NULL is fine */

#endif
