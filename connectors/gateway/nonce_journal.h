/* nonce_journal.h: the nonces that were taken, in files, so that a gateway that was killed and started again does not take
 * them a second time. One file for each span of the wheel (nonces.h), deleted whole when all in it is over.
 *
 * Written into mapped files, without sync: a killed process loses nothing, a machine that went down may lose the last seconds.
 * One process at a time has the folder. */
#ifndef GATEWAY_NONCE_JOURNAL_H
#define GATEWAY_NONCE_JOURNAL_H

#include "base/fault.h"
#include "gateway/nonces.h"

struct nonce_journal;

/* Makes DIRECTORY if it is missing and calls EACH for what is in it and not over at NOW_MS. FATAL names what cannot be read
 * or made. */
enum status nonce_journal_open(const char *directory, int64_t now_ms,
                               void (*each)(struct nonce nonce, int64_t until_ms, void *context), void *context,
                               struct nonce_journal **journal, struct fault *fault) MUST_CHECK;
void nonce_journal_close(struct nonce_journal *journal); /* NULL is fine */

/* Adds NONCE to the file of what is over at END_MS; deletes files that are over at NOW_MS. False: it could not be written,
 * which was logged. Any thread. */
bool nonce_journal_add(struct nonce_journal *journal, struct nonce nonce, int64_t until_ms, int64_t end_ms,
                       int64_t now_ms);

#endif
