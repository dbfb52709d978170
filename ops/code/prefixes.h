/* prefixes.h: a file with the lengths of company prefixes. */
#ifndef OPS_CODE_PREFIXES_H
#define OPS_CODE_PREFIXES_H

#include "base/fault.h"
#include "code/code.h"

/* Reads GS1's GCPPrefixFormatList as JSON ({"GCPPrefixFormatList": {"entry": [{"prefix": "690", "gcpLength":
 * 7}]}}) or lines PREFIX,LENGTH. prefixes_free() gives the rows back; it takes a structure without rows. */
MUST_CHECK enum status prefixes_read(const char *path, struct code_prefixes *prefixes, struct fault *fault);
void prefixes_free(struct code_prefixes *prefixes);

#endif
