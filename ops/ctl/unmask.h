/* unmask.h: commands that show records mask clinical and identity fields unless a person says why they have to be seen,
 * and what was said stays in the log. */
#ifndef CTL_UNMASK_H
#define CTL_UNMASK_H

#include "ops/ctl/session.h"

#include <stddef.h>

struct unmask {
    bool wanted;
    const char *reason;
};

/* The rows --unmask and --reason of a table of options; MEMBER: the struct unmask in its struct. */
#define UNMASK_OPTIONS(type, member)                                                                         \
    {"unmask", 0, OPTION_FLAG, offsetof(type, member.wanted), NULL,                                          \
     "show clinical and identity fields; needs --reason", "显示诊疗与身份字段，须说明理由", 0, 0},           \
        {"reason", 0, OPTION_TEXT, offsetof(type, member.reason), "TEXT", "why they have to be seen", "查看理由", 0, 0}

/* The bits of enum sensitivity that the command may show. */
unsigned unmask_visible(struct unmask unmask);

/* session_open() for such a command: it logs warnings only, and "audit.unmask" with the command and the reason before anything
 * is shown. NOT_ALLOWED and "unmask.reason" said if no reason is given. */
enum exit_code unmask_session_open(struct call *call, struct unmask unmask, struct session *session);

#endif
