#include "ops/ctl/unmask.h"

#include "ops/ctl/decode.h"
#include "ops/ctl/say.h"

#include "base/log.h"

unsigned unmask_visible(struct unmask unmask)
{
    return unmask.wanted ? SENSITIVITY_ALL : VISIBLE_TO_OPERATORS;
}

enum exit_code unmask_session_open(struct call *call, struct unmask unmask, struct session *session)
{
    if (unmask.wanted && unmask.reason == NULL)
        return say_refusal(call, EXIT_NOT_ALLOWED, "unmask.reason", "查看敏感字段须用 --reason 说明理由",
                           "--unmask needs --reason TEXT");
    enum exit_code result = session_open(call, session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    if (unmask.wanted)
        log_warn("audit.unmask", LOG_STR("command", call->command->words), LOG_STR("reason", unmask.reason));
    return EXIT_OK;
}
